#pragma once

#include "kv.hpp"

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <postrider/store/mailbox_store.hpp>

namespace postrider::store {

// What stands at the places (of one kind and holder, in one mailbox) where entries of an account
// are to change, so that none gets more than there may be. Shard: any thread, one at a time.
class EntryPlaces {
 public:
  // The places of `changes`. Errors: `exists` where one is not as its change expects it; the
  // medium's.
  [[nodiscard]] MailResult<void> load(const Kv& kv, MailAccountId account,
                                      const std::vector<EntryChange>& changes);
  // Of a place that has been loaded: whether the entry is there, and whether one more may be.
  [[nodiscard]] bool has(const EntryName& entry) const;
  [[nodiscard]] bool has_room_beside(const EntryName& entry) const;
  // False: there would be more than there may be; then nothing here is of use any more.
  [[nodiscard]] bool apply(const std::vector<EntryChange>& changes);

 private:
  using Place = std::tuple<EntryKind, MailboxId, MailAccountId>;
  static Place place_of(const EntryName& entry) {
    return {entry.kind, entry.mailbox, entry.holder};
  }
  std::map<Place, std::set<std::string>> names_;
};

}  // namespace postrider::store
