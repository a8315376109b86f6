#include "mail_home.hpp"
#include "point_read.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <tuple>

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

// Of one kind and holder, at one place.
using Place = std::tuple<EntryKind, MailboxId, MailAccountId>;
Place place_of(const EntryName& entry) {
  return {entry.kind, entry.mailbox, entry.holder};
}
std::size_t most_at(EntryKind kind) {
  return kind == EntryKind::share ? shares_max : entries_max;
}

// What stands at the places where something changes.
class Places {
 public:
  MailResult<void> load(const Kv& kv, MailAccountId account,
                        const std::vector<EntryChange>& changes) {
    for (const EntryChange& change : changes) {
      const auto [at, is_new] = names_.try_emplace(place_of(change.name));
      if (is_new) {
        if (auto read = load_names(kv, account, change.name, at->second); !read) {
          return read;
        }
      }
      if (change.expected) {
        if (auto same = compare(kv, account, change); !same) {
          return same;
        }
      }
    }
    return {};
  }

  // False: there would be more than there may be.
  [[nodiscard]] bool apply(const std::vector<EntryChange>& changes) {
    for (const EntryChange& change : changes) {
      std::set<std::string>& names = names_.at(place_of(change.name));
      if (change.value) {
        names.insert(change.name.name);
      } else {
        names.erase(change.name.name);
      }
    }
    return std::ranges::all_of(names_, [](const auto& place) {
      return place.second.size() <= most_at(std::get<EntryKind>(place.first));
    });
  }

 private:
  static MailResult<void> load_names(const Kv& kv, MailAccountId account, const EntryName& entry,
                                     std::set<std::string>& names) {
    const std::string prefix = entry_prefix(account, entry.kind, entry.mailbox, entry.holder);
    const auto cursor = kv.walk(Family::mail_entry, prefix, past(prefix));
    for (; cursor->is_valid(); cursor->next()) {
      names.emplace(cursor->key().substr(prefix.size()));
    }
    if (const auto error = cursor->error()) {
      return failure(mail_error(*error));
    }
    return {};
  }

  static MailResult<void> compare(const Kv& kv, MailAccountId account, const EntryChange& change) {
    const std::string key = entry_key(account, change.name);
    const auto record = kv.get(Family::mail_entry, key, Read::any);
    std::string value;
    if (record) {
      auto entry = decode_entry(key, *record);
      if (!entry) {
        return failure(MailError::corrupt);
      }
      value = std::move(entry->value);
    } else if (record.error() != KvError::not_found) {
      return failure(mail_error(record.error()));
    }
    return value == *change.expected ? MailResult<void>{} : failure(MailError::exists);
  }

  std::map<Place, std::set<std::string>> names_;
};

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
  Places places;
  MailResult<void> loaded;
  co_await off_core(port_->reactor(),
                    [&, this] { loaded = places.load(kv_, account.id, changes); });
  if (!loaded) {
    co_return failure(loaded.error());
  }
  if (!places.apply(changes)) {
    co_return failure(MailError::over_quota);
  }
  MailDraft draft(account, port_->reactor().wall_now());
  auto of_account = std::make_shared<MailboxUpdate>();
  of_account->account = id;
  of_account->modseq = account.record.modseq;
  for (EntryChange& change : changes) {
    if (change.name.mailbox == MailboxId::none) {
      of_account->entries.push_back(change.name);
    }
    draft.set_entry(change.name, std::move(change.value));
  }
  if (draft.batch().is_empty()) {
    co_return MailResult<void>{};
  }
  if (auto written = co_await commit(*std::move(held), draft, {}); !written) {
    co_return written;
  }
  if (!of_account->entries.empty()) {
    publish({std::move(of_account)});
  }
  co_return MailResult<void>{};
}

}  // namespace postrider::store
