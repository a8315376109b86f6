#include "mail_home.hpp"
#include "point_read.hpp"

#include <algorithm>

// What was expunged: brought back, or forgotten for good.
namespace postrider::store {
namespace {

struct Old {
  TrashKey trash;
  ModSeq expunged_at = 0;
  std::optional<MailFacts> facts;  // nullopt: it went with its mailbox
};

struct Found {
  std::vector<Old> trash;
  // Of a removed mailbox whose time is over.
  MailboxId mailbox = MailboxId::none;
  std::vector<MailRow> mails;
  std::vector<std::string> changes;
  std::vector<std::uint32_t> pages;
  std::vector<std::string> entries;
  std::vector<std::string> entries_aside;  // in the quarantine
  MailResult<void> result;
};

MailResult<std::optional<MailFacts>> read_facts(const Kv& kv, const MailKey& mail) {
  const std::string key = mail_key(mail);
  const auto record = kv.get(Family::mail, key, Read::any);
  if (!record) {
    if (record.error() == KvError::not_found) {
      return std::nullopt;
    }
    return failure(mail_error(record.error()));
  }
  auto facts = decode_facts(key, *record);
  if (!facts) {
    return failure(MailError::corrupt);
  }
  return std::optional(*std::move(facts));
}

MailResult<Old> read_old(const Kv& kv, std::string_view key, std::string_view value) {
  const auto trash = parse_trash_key(key);
  const auto modseq = decode_modseq(key, value);
  if (!trash || !modseq) {
    return failure(MailError::corrupt);
  }
  auto facts = read_facts(kv, trash->mail);
  if (!facts) {
    return failure(facts.error());
  }
  return Old{*trash, *modseq, *std::move(facts)};
}

void find_trash(const Kv& kv, MailAccountId account, WallTime before, std::size_t limit,
                Found& found) {
  const std::string prefix = account_key(account);
  const auto cursor = kv.walk(Family::mail_trash, prefix, past(prefix));
  for (; cursor->is_valid() && found.trash.size() < limit; cursor->next()) {
    auto old = read_old(kv, cursor->key(), cursor->value());
    if (!old) {
      found.result = failure(old.error());
      return;
    }
    if (old->trash.expunged >= before) {
      break;
    }
    found.trash.push_back(*std::move(old));
  }
  if (const auto error = cursor->error()) {
    found.result = failure(mail_error(*error));
  }
}

void find_removed(const Kv& kv, MailAccountId account, std::size_t limit, Found& found) {
  const std::string prefix = mailbox_key(account, found.mailbox);
  auto mails = kv.walk(Family::mail, prefix, past(prefix));
  for (; mails->is_valid() && found.mails.size() < limit; mails->next()) {
    auto facts = decode_facts(mails->key(), mails->value());
    const auto mail = parse_mail_key(mails->key());
    if (!facts || !mail) {
      found.result = failure(MailError::corrupt);
      return;
    }
    found.mails.push_back({mail->uid, *std::move(facts)});
  }
  if (found.mails.size() == limit) {
    return;  // the rest, and what stands beside them, another time
  }
  for (auto change = kv.walk(Family::mail_change, prefix, past(prefix));
       change->is_valid() && found.changes.size() < limit; change->next()) {
    found.changes.emplace_back(change->key());
  }
  if (found.changes.size() == limit) {
    return;
  }
  for (const EntryKind kind : {EntryKind::access, EntryKind::annotation}) {
    const std::string of_kind = entry_prefix(account, kind, found.mailbox);
    for (auto entry = kv.walk(Family::mail_entry, of_kind, past(of_kind));
         entry->is_valid() && found.entries.size() < limit; entry->next()) {
      found.entries.emplace_back(entry->key());
    }
    const std::string aside = quarantine_key(Family::mail_entry, of_kind);
    for (auto entry = kv.walk(Family::quarantine, aside, past(aside));
         entry->is_valid() && found.entries_aside.size() < limit; entry->next()) {
      found.entries_aside.emplace_back(entry->key());
    }
  }
  if (found.entries.size() == limit || found.entries_aside.size() == limit) {
    return;
  }
  for (auto page = kv.walk(Family::mail_page, prefix, past(prefix)); page->is_valid();
       page->next()) {
    found.pages.push_back(parse_page_key(page->key()).value_or(0));
  }
}

}  // namespace

engine::Task<MailResult<InsertedMail>> MailHome::undelete(MailAccountId id, TrashKey trash) {
  auto held = co_await hold(id, See::records);
  if (!held) {
    co_return failure(held.error());
  }
  AccountMail& account = **held;
  MailResult<Old> old = failure(MailError::not_found);
  MailDetail detail;
  co_await off_core(port_->reactor(), [this, &trash, &old, &detail] {
    const std::string key = trash_key(trash.mail, trash.expunged);
    const auto record = kv_.get(Family::mail_trash, key, Read::any);
    if (!record) {
      old = failure(mail_error(record.error()));
      return;
    }
    old = read_old(kv_, key, *record);
    const std::string mail = mail_key(trash.mail);
    if (const auto stored = kv_.get(Family::mail_detail, mail, Read::any)) {
      detail = decode_detail(mail, *stored).value_or(MailDetail{});
    }
  });
  if (!old || !old->facts) {
    co_return failure(old ? MailError::not_found : old.error());
  }
  MailboxState* box = account.find(trash.mail.mailbox);
  box = box == nullptr ? account.find(MailboxId::inbox) : box;
  if (box == nullptr) {
    co_return failure(MailError::corrupt);
  }
  if (auto loaded = co_await load_pages_of(account, *box, {box->row.uid_next}); !loaded) {
    co_return failure(loaded.error());
  }
  MailDraft draft(account, port_->reactor().wall_now());
  MailFacts facts = *old->facts;
  facts.flags.system &= static_cast<std::uint8_t>(~SystemFlag::deleted);
  const InsertedMail inserted = draft.insert(*box, facts, detail);
  draft.forget(trash.mail, *old->facts);
  draft.forget_trash(trash, old->expunged_at);
  if (auto written = co_await commit(*std::move(held), draft, {}); !written) {
    co_return failure(written.error());
  }
  co_return inserted;
}

engine::Task<MailResult<std::size_t>> MailHome::purge(MailAccountId id, WallTime before,
                                                      std::size_t limit) {
  auto held = co_await hold(id, See::records);
  if (!held) {
    co_return failure(held.error());
  }
  AccountMail& account = **held;
  Found found;
  for (const auto& [box_id, box] : account.boxes) {
    if (box.row.is_removed() && box.row.removed < before) {
      found.mailbox = box_id;
      break;
    }
  }
  co_await off_core(port_->reactor(), [this, id, before, limit, &found] {
    find_trash(kv_, id, before, limit, found);
    if (found.result && found.trash.size() < limit && found.mailbox != MailboxId::none) {
      find_removed(kv_, id, limit - found.trash.size(), found);
    }
  });
  if (!found.result) {
    co_return failure(found.result.error());
  }
  MailDraft draft(account, port_->reactor().wall_now());
  for (const Old& old : found.trash) {
    if (old.facts) {
      draft.forget(old.trash.mail, *old.facts);
    }
    draft.forget_trash(old.trash, old.expunged_at);
  }
  const std::size_t room = limit - found.trash.size();
  for (const MailRow& row : found.mails) {
    draft.forget({id, found.mailbox, row.uid}, row.facts);
  }
  for (std::string& change : found.changes) {
    draft.batch().remove(Family::mail_change, std::move(change));
  }
  for (std::string& entry : found.entries) {
    draft.batch().remove(Family::mail_entry, std::move(entry));
  }
  for (std::string& aside : found.entries_aside) {
    draft.batch().remove(Family::quarantine, std::move(aside));
  }
  for (const std::uint32_t page : found.pages) {
    draft.forget_page(found.mailbox, page);
  }
  if (found.mailbox != MailboxId::none && found.mails.size() < room &&
      found.changes.size() < room && found.entries.size() < room &&
      found.entries_aside.size() < room) {
    draft.forget_mailbox(found.mailbox);
  }
  const std::size_t count = found.trash.size() + found.mails.size();
  if (draft.batch().is_empty()) {
    co_return count;
  }
  if (auto written = co_await commit(*std::move(held), draft, {}); !written) {
    co_return failure(written.error());
  }
  co_return count;
}

}  // namespace postrider::store
