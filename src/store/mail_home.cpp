#include "mail_home.hpp"

#include "mail_body.hpp"
#include "point_read.hpp"
#include "queue_handle.hpp"

#include <algorithm>

#include <postrider/base/assert.hpp>
#include <postrider/base/kill_point.hpp>
#include <postrider/base/text.hpp>

namespace postrider::store {
namespace {

// Accounts kept in memory on one core: a few KB each, 1 KB more for each page in use.
constexpr std::size_t accounts_max = 4096;
// What one request may ask to be read at once.
constexpr std::uint64_t record_overhead = 512;

}  // namespace

void MailHome::Held::drop() {
  lock.release();
  if (account != nullptr) {
    --account->users;
    account = nullptr;
  }
}

engine::Task<MailResult<MailHome::Held>> MailHome::take(MailAccountId id, See see) {
  auto& slot = accounts_[id];
  if (slot == nullptr) {
    slot = std::make_unique<AccountMail>(port_->reactor(), id);
  }
  Held held;
  held.account = slot.get();
  ++held->users;
  held->last_use = ++uses_;
  auto lock = co_await held->lock.acquire(1, engine::Until{});  // its holders' waits are bounded
  if (!lock) {
    co_return failure(MailError::closed);
  }
  held.lock = *std::move(lock);
  if (see == See::records) {
    // (void): ends only when it is set.
    (void)co_await held->settled.wait(engine::Until{});
  }
  evict();
  co_return held;
}

engine::Task<MailResult<MailHome::Held>> MailHome::hold(MailAccountId id, See see) {
  auto held = co_await take(id, see);
  // Account `none` has entries and nothing else.
  if (held && (*held)->boxes.empty() && id != MailAccountId::none) {
    AccountMail& account = **held;
    MailResult<void> loaded;
    bool is_known = false;
    co_await off_core(port_->reactor(), [this, &account, &loaded, &is_known] {
      loaded = load_account(kv_, account);
      is_known =
          loaded && kv_.get(Family::account, to_lower(account.record.name), Read::any).has_value();
    });
    if (!loaded) {
      account.boxes.clear();
      if (loaded.error() == MailError::corrupt || loaded.error() == MailError::not_found) {
        co_await leave_domain(account);
      }
      co_return failure(loaded.error());
    }
    join_domain(account, is_known);
  }
  co_return held;
}

engine::Task<MailResult<MailHome::HeldBox>> MailHome::hold_mailbox(MailAccountId id,
                                                                   MailboxId mailbox, See see) {
  auto held = co_await hold(id, see);
  if (!held) {
    co_return failure(held.error());
  }
  MailboxState* const box = (*held)->find(mailbox);
  if (box == nullptr) {
    co_return failure(MailError::not_found);
  }
  co_return HeldBox{*std::move(held), box};
}

void MailHome::evict() {
  while (accounts_.size() > accounts_max) {
    auto oldest = accounts_.end();
    for (auto at = accounts_.begin(); at != accounts_.end(); ++at) {
      if (at->second->users == 0 && at->second->outstanding == 0 &&
          (oldest == accounts_.end() || at->second->last_use < oldest->second->last_use)) {
        oldest = at;
      }
    }
    if (oldest == accounts_.end()) {
      return;
    }
    accounts_.erase(oldest);
  }
}

engine::Task<MailResult<void>> MailHome::load_pages_of(AccountMail& account, MailboxState& box,
                                                       std::vector<Uid> uids) {
  std::vector<std::uint32_t> missing;
  for (const Uid uid : uids) {
    const std::uint32_t number = uid / UidSet::page_uids;
    if (!box.has_all_pages && !box.pages.contains(number) &&
        (missing.empty() || missing.back() != number)) {
      missing.push_back(number);
    }
  }
  MailResult<void> result;
  if (missing.empty()) {
    co_return result;
  }
  co_await off_core(port_->reactor(), [this, &account, &box, &missing, &result] {
    for (const std::uint32_t number : missing) {
      auto page = load_page(kv_, account.id, box.row.id, number);
      if (!page) {
        result = failure(page.error());
        return;
      }
      box.pages.insert_or_assign(number, *page);
    }
  });
  co_return result;
}

engine::Task<MailResult<void>> MailHome::load_all_pages(AccountMail& account, MailboxState& box) {
  MailResult<void> result;
  if (box.has_all_pages) {
    co_return result;
  }
  co_await off_core(port_->reactor(), [this, &account, &box, &result] {
    auto pages = load_pages(kv_, account.id, box.row.id);
    if (!pages) {
      result = failure(pages.error());
      return;
    }
    pages->merge(box.pages);  // those in memory are the same: nothing is under way
    box.pages = *std::move(pages);
    box.has_all_pages = true;
  });
  co_return result;
}

engine::Task<MailResult<std::vector<MailRow>>> MailHome::load_facts(AccountMail& account,
                                                                    MailboxState& box,
                                                                    std::vector<Uid> uids) {
  std::vector<MailRow> rows;
  std::optional<MailError> error;
  co_await off_core(port_->reactor(), [this, &account, &box, &uids, &rows, &error] {
    for (const Uid uid : uids) {
      const std::string key = mail_key({account.id, box.row.id, uid});
      const auto record = kv_.get(Family::mail, key, Read::any);
      if (!record) {
        error = mail_error(record.error());
        return;
      }
      auto facts = decode_facts(key, *record);
      if (!facts) {
        error = MailError::corrupt;
        return;
      }
      rows.push_back({uid, *std::move(facts)});
    }
  });
  if (error) {
    // The page says that it is there: a record that is missing is damage.
    co_return failure(*error == MailError::not_found ? MailError::corrupt : *error);
  }
  co_return rows;
}

engine::Task<MailResult<void>> MailHome::commit(Held held, MailDraft& draft, Extra extra) {
  MailDraft::Finished finished = draft.finish();
  auto request = std::make_unique<Request>();
  finished.work.bodies = std::move(extra.bodies);
  if (extra.delivered) {
    finished.work.settle =
        SettleWork{.delivery = *extra.delivered, .report = std::move(extra.report)};
  }
  request->bytes = finished.work.batch.bytes() + extra.bytes;
  request->work = std::move(finished.work);
  AccountMail& account = *held;
  // What is added is in the domain's sum before anybody can read it, what is freed stays there
  // until it is durable.
  const MailUsage change = difference(account.record.usage, account.counted);
  DomainUsage* const domain = account.is_counted ? account.domain : nullptr;
  if (domain != nullptr) {
    domain->add(growth(change));
    account.counted = account.record.usage;
  }
  ++account.outstanding;
  account.settled.reset();
  // No place is waited for between the draft and this: the order of the batches is that of the
  // drafts.
  CorePort::Sent sent(*port_, std::move(request));
  held.lock.release();
  kill_point("mailbox.submitted");
  const StoreResult<void> written = co_await sent;
  kill_point("mailbox.answered");
  if (written && domain != nullptr) {
    domain->add(difference(change, growth(change)));
  }
  if (--account.outstanding == 0) {
    account.settled.set();
  }
  if (!written) {
    // The store writes nothing more until a restart: what stands in memory is of no more use.
    co_return failure(mail_error(written.error()));
  }
  publish(finished.updates);
  co_return MailResult<void>{};
}

void MailHome::publish(const MailDraft::Updates& updates) {
  for (const auto& update : updates) {
    if (update->mailbox != MailboxId::none) {
      tell_watchers(update->mailbox, update);
    }
    tell_watchers(MailboxId::none, update);
  }
}

void MailHome::tell_watchers(MailboxId mailbox,
                             const std::shared_ptr<const MailboxUpdate>& update) {
  const auto found = watchers_.find({update->account, mailbox});
  if (found == watchers_.end()) {
    return;
  }
  for (const WatcherId watcher : found->second) {
    tell_(watcher, update);
  }
}

void MailHome::forget(MailAccountId account, MailboxId mailbox, WatcherId watcher) {
  const auto found = watchers_.find({account, mailbox});
  if (found == watchers_.end()) {
    return;
  }
  std::erase(found->second, watcher);
  if (found->second.empty()) {
    watchers_.erase(found);
  }
}

engine::Task<MailResult<void>> MailHome::make_account(MailAccountId id, std::string name) {
  auto& slot = accounts_[id];
  slot = std::make_unique<AccountMail>(port_->reactor(), id);
  Held held;
  held.account = slot.get();
  ++held->users;
  held.lock = held->lock.try_acquire(1);
  const WallTime now = port_->reactor().wall_now();
  held->record = {.name = name, .created = now};
  MailDraft draft(*held, now);
  (void)draft.create("INBOX", SpecialUse::none);  // its row is written with the draft
  held->record.subscriptions.emplace_back("INBOX");
  MailDraft::Updates updates;  // nobody can watch it yet
  (void)add_first(*held, draft, updates);
  // Not counted before its name is there for who changes the directory meanwhile.
  held->domain = &usages_.of(name);
  usages_.set_counts(id, false);
  std::string record = encode_account_id(name, id);
  draft.batch().put(Family::mail_name, std::move(name), std::move(record));
  if (auto made = co_await commit(std::move(held), draft, {}); !made) {
    co_return made;
  }
  co_return co_await recount(id);
}

engine::Task<MailResult<std::optional<MailRow>>> MailHome::find_replaced(
    AccountMail& account, std::optional<ReplacedMail> wanted) {
  if (!wanted) {
    co_return std::nullopt;
  }
  MailboxState* const box = account.find(wanted->mailbox);
  if (box == nullptr) {
    co_return failure(MailError::not_found);
  }
  if (auto loaded = co_await load_pages_of(account, *box, {wanted->uid}); !loaded) {
    co_return failure(loaded.error());
  }
  if (!box->has(wanted->uid)) {
    co_return failure(MailError::not_found);
  }
  auto rows = co_await load_facts(account, *box, {wanted->uid});
  if (!rows) {
    co_return failure(rows.error());
  }
  co_return std::move(rows->front());
}

// What can refuse an insert is asked before its draft begins, and the pages that it touches are
// loaded.
engine::Task<MailResult<void>> MailHome::make_place(AccountMail& account, const MailInsert& insert,
                                                    MailUsage added, MailUsage freed) {
  const MailUsage usage{account.record.usage.size_bytes - freed.size_bytes,
                        account.record.usage.messages - freed.messages};
  if ((insert.quota.size_bytes > 0 &&
       usage.size_bytes + added.size_bytes > insert.quota.size_bytes) ||
      (insert.quota.messages > 0 && usage.messages + added.messages > insert.quota.messages)) {
    co_return failure(MailError::over_quota);
  }
  for (const NewMail& mail : insert.mails) {
    MailboxState* box = account.find(mail.mailbox);
    if (box == nullptr) {
      co_return failure(MailError::not_found);
    }
    const auto count = static_cast<Uid>(insert.mails.size());
    if (box->row.uid_next > ~Uid{0} - count || !has_place_for(box->row, mail.flags)) {
      co_return failure(MailError::over_quota);
    }
    std::vector<Uid> given = {box->row.uid_next, box->row.uid_next + count};
    if (insert.origin) {
      given.push_back(insert.origin->uid);
    }
    if (auto loaded = co_await load_pages_of(account, *box, std::move(given)); !loaded) {
      co_return failure(loaded.error());
    }
  }
  if (!take_room(account, difference(added, freed), insert.quota)) {
    co_return failure(MailError::over_quota);
  }
  co_return MailResult<void>{};
}

engine::Task<MailResult<std::vector<InsertedMail>>> MailHome::insert(MailAccountId id,
                                                                     MailInsert insert) {
  Extra extra{.delivered = insert.delivered};
  if (insert.report) {
    check(insert.delivered.has_value(), "a report needs what it reports");
    extra.report = make_commit(*std::move(insert.report));
    extra.bytes = bytes_of(*extra.report);
  }
  MailUsage added;
  for (NewMail& mail : insert.mails) {
    auto keywords = normal_keywords(std::move(mail.flags.keywords));
    if (!keywords || mail.body == nullptr) {
      co_return failure(MailError::invalid);
    }
    mail.flags.keywords = *std::move(keywords);
    added.size_bytes += mail.body->bytes + mail.detail.trace.size();
    ++added.messages;
    extra.bytes += mail.body->record_bytes + mail.detail.rendered.size() + record_overhead;
    extra.bodies.push_back(mail.body);
  }
  auto place = co_await CorePort::reserve(port_, extra.bytes);
  if (!place) {
    co_return failure(mail_error(place.error()));
  }
  // Between the two places nothing else is waited for: inserts that begin one after another get
  // their UIDs in that order.
  auto held = co_await hold(id, insert.replaces || insert.origin ? See::records : See::counters);
  if (!held) {
    co_return failure(held.error());
  }
  if (!co_await knows_domain(insert.quota)) {
    co_return failure(MailError::corrupt);
  }
  AccountMail& account = **held;
  if (insert.origin) {
    const auto there = co_await find_copy(account, insert.mails.front(), *insert.origin);
    if (!there || there->was_there) {
      co_return there ? MailResult<std::vector<InsertedMail>>({*there}) : failure(there.error());
    }
  }
  const auto replaced = co_await find_replaced(account, insert.replaces);
  if (!replaced) {
    co_return failure(replaced.error());
  }
  const MailUsage freed = *replaced ? MailUsage{(*replaced)->facts.size_bytes(), 1} : MailUsage{};
  if (const auto fits = co_await make_place(account, insert, added, freed); !fits) {
    co_return failure(fits.error());
  }
  MailDraft draft(account, port_->reactor().wall_now());
  if (insert.origin) {
    MailboxState& box = *account.find(insert.mails.front().mailbox);
    draft.take_over(box, insert.origin->uid_validity, insert.origin->uid);
  }
  std::vector<InsertedMail> inserted;
  for (const NewMail& mail : insert.mails) {
    inserted.push_back(
        draft.insert(*account.find(mail.mailbox),
                     {.flags = mail.flags,
                      .internal_date = mail.internal_date,
                      .thread = mail.thread,
                      .trace_bytes = static_cast<std::uint32_t>(mail.detail.trace.size()),
                      .zone_minutes = mail.zone_minutes,
                      .body_bytes = mail.body->bytes,
                      .blob = mail.body->id},
                     mail.detail));
  }
  if (*replaced) {
    draft.expunge(*account.find(insert.replaces->mailbox), (*replaced)->uid, (*replaced)->facts);
  }
  if (auto written = co_await commit(*std::move(held), draft, std::move(extra)); !written) {
    co_return failure(written.error());
  }
  co_return inserted;
}

engine::Task<MailResult<MailboxView>> MailHome::open(MailAccountId id, MailboxId mailbox,
                                                     std::optional<WatcherId> watcher) {
  auto opened = co_await hold_mailbox(id, mailbox, See::records);
  if (!opened) {
    co_return failure(opened.error());
  }
  auto& [held, box] = *opened;
  if (auto loaded = co_await load_all_pages(*held, *box); !loaded) {
    co_return failure(loaded.error());
  }
  MailboxView view{.mailbox = box->row};
  for (const auto& [number, page] : box->pages) {
    view.messages.set_page(page.messages);
    view.seen.set_page(page.seen);
  }
  if (watcher) {
    watchers_[{id, mailbox}].push_back(*watcher);
  }
  co_return view;
}

}  // namespace postrider::store
