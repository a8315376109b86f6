#include "entry_places.hpp"
#include "mail_home.hpp"
#include "point_read.hpp"

#include <algorithm>
#include <memory>

// Named values of mailboxes and accounts.
namespace postrider::store {
namespace {

bool can_be_kept(const EntryChange& change) {
  const EntryName& entry = change.name;
  const bool is_access = entry.kind == EntryKind::access;
  return entry.name.size() <= entry_name_octets_max &&
         (!change.value || change.value->size() <= entry_value_octets_max) &&
         (!is_access || (entry.mailbox != MailboxId::none && entry.name.empty() &&
                         entry.holder == MailAccountId::none));
}

}  // namespace

engine::Task<MailResult<void>> MailHome::set_entries(MailAccountId id,
                                                     std::vector<EntryChange> changes) {
  if (!std::ranges::all_of(changes, can_be_kept)) {
    co_return failure(MailError::invalid);
  }
  auto held = co_await hold(id, See::records);
  if (!held) {
    co_return failure(held.error());
  }
  AccountMail& account = **held;
  for (const EntryChange& change : changes) {
    if (change.name.mailbox != MailboxId::none && account.find(change.name.mailbox) == nullptr) {
      co_return failure(MailError::not_found);
    }
  }
  EntryPlaces places;
  MailResult<void> loaded;
  co_await off_core(port_->reactor(),
                    [&, this] { loaded = places.load(kv_, account.id, changes); });
  if (!loaded) {
    co_return failure(loaded.error());
  }
  if (!places.apply(changes)) {
    co_return failure(MailError::over_quota);
  }
  co_return co_await commit_entries(*std::move(held), std::move(changes), {});
}

engine::Task<MailResult<void>> MailHome::commit_entries(Held held, std::vector<EntryChange> changes,
                                                        std::vector<std::string> ended) {
  AccountMail& account = *held;
  MailDraft draft(account, port_->reactor().wall_now());
  auto of_account = std::make_shared<MailboxUpdate>();
  of_account->account = account.id;
  of_account->modseq = account.record.modseq;
  for (EntryChange& change : changes) {
    if (change.name.mailbox == MailboxId::none) {
      of_account->entries.push_back(change.name);
    }
    draft.set_entry(change.name, std::move(change.value));
  }
  for (std::string& aside : ended) {
    draft.batch().remove(Family::quarantine, std::move(aside));
  }
  if (draft.batch().is_empty()) {
    co_return MailResult<void>{};
  }
  if (auto written = co_await commit(std::move(held), draft, {}); !written) {
    co_return written;
  }
  if (!of_account->entries.empty()) {
    publish({std::move(of_account)});
  }
  co_return MailResult<void>{};
}

}  // namespace postrider::store
