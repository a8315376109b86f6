#include "entry_places.hpp"

#include "account_mail.hpp"

#include <algorithm>

namespace postrider::store {
namespace {

std::size_t most_at(EntryKind kind) {
  return kind == EntryKind::share ? shares_max : entries_max;
}

MailResult<void> load_names(const Kv& kv, MailAccountId account, const EntryName& entry,
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

MailResult<void> compare(const Kv& kv, MailAccountId account, const EntryChange& change) {
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

}  // namespace

MailResult<void> EntryPlaces::load(const Kv& kv, MailAccountId account,
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

bool EntryPlaces::has(const EntryName& entry) const {
  return names_.at(place_of(entry)).contains(entry.name);
}

bool EntryPlaces::has_room_beside(const EntryName& entry) const {
  return names_.at(place_of(entry)).size() < most_at(entry.kind);
}

bool EntryPlaces::apply(const std::vector<EntryChange>& changes) {
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

}  // namespace postrider::store
