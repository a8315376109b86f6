#pragma once

#include "kv.hpp"
#include "mail_codec.hpp"
#include "recent_messages.hpp"
#include "record_codec.hpp"
#include "request.hpp"

#include <memory>
#include <optional>
#include <string>
#include <tsl/robin_map.h>
#include <tsl/robin_set.h>
#include <vector>

namespace postrider::store {

// Turns requests into the writes of one group. Reads what a decision needs (is it the last delivery
// of its message?) from the seam, unless it knows it; a request about a message that it does not
// know and that this group has touched already first has the group's writes so far written,
// unsynced, so that it sees them.
class GroupBuilder {
 public:
  struct Tally {
    std::uint64_t committed = 0;
    std::uint64_t ended = 0;  // messages
    std::uint64_t settled = 0;
    std::uint64_t bytes = 0;
  };

  GroupBuilder(Kv& kv, RecentMessages& recent, std::uint64_t part_bytes)
      : kv_(kv), recent_(recent), part_bytes_(part_bytes) {}

  // The answer that the request gets if the group is written. Its writes are in one batch whole, or
  // not at all if it is refused (for `corrupt`, those that set the message aside).
  [[nodiscard]] StoreResult<void> add(Request& request);

  [[nodiscard]] const Batch& batch() const { return batch_; }
  [[nodiscard]] bool needs_sync() const { return needs_sync_; }
  // A write in the middle of the group failed: so has the group.
  [[nodiscard]] bool is_broken() const { return broken_; }
  // Some of the group was written, unsynced, before its end.
  [[nodiscard]] bool is_split() const { return split_; }
  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  StoreResult<void> apply(CommitWork& work);
  StoreResult<void> apply(AppendWork& work);
  StoreResult<void> apply(AbandonWork& work);
  StoreResult<void> apply(AttemptWork& work);
  StoreResult<void> apply(SettleWork& work);
  StoreResult<void> apply(SyncWork& work);
  StoreResult<void> apply(SetAsideWork& work);
  StoreResult<void> apply(DropDueWork& work);
  StoreResult<void> apply(SaveNameWork& work);
  StoreResult<void> apply(RemoveNameWork& work);
  StoreResult<void> apply(ChangeFactsWork& work);
  StoreResult<void> apply(MailWork& work);

  struct Standing;  // of a delivery, before its settlement
  [[nodiscard]] StoreResult<Standing> find_standing(DeliveryId delivery);
  [[nodiscard]] StoreResult<Standing> read_standing(DeliveryId delivery);
  [[nodiscard]] StoreResult<void> read_attempt(DeliveryId delivery, const std::string& key);
  void keep(const SettleWork& work, const Standing& standing);
  void end(const SettleWork& work, Standing& standing);
  void end_message(MessageId id, const Standing& standing);

  void keep_bodies(const std::vector<std::shared_ptr<const MailBody>>& bodies);
  void release_bodies(const std::vector<BlobId>& bodies);
  [[nodiscard]] bool is_referenced(const std::string& blob) const;
  void name_body(const BlobId& body);
  void unname_body(const BlobId& body);
  [[nodiscard]] Arrivals& arrivals_of(const BlobHash& hash);

  // Finds what stands in the way of reading a message's record: sets the message aside.
  StoreError unreadable(MessageId id, Family family, const std::string& key,
                        std::string_view reason);
  void move_aside(Family family, const std::string& key, std::string_view value,
                  std::string_view reason);
  void move_all_aside(Family family, MessageId id, std::string_view reason);
  void forget_due(MessageId id);

  // Before reading what an earlier request of this group may have changed.
  void see(MessageId id);
  void write_part();
  [[nodiscard]] bool holds(Family family, const std::string& key) const;

  Kv& kv_;
  RecentMessages& recent_;
  std::uint64_t part_bytes_;
  Batch batch_;
  Tally tally_;
  std::unique_ptr<SetAside> set_aside_;  // by the request at hand
  tsl::robin_set<MessageId> touched_;
  // What this group has done to bodies so far, by their names.
  tsl::robin_set<std::string> bodies_kept_;
  tsl::robin_set<std::string> bodies_dropped_;
  tsl::robin_set<std::string> refs_dropped_;
  tsl::robin_map<std::string, Arrivals> same_;  // mb.same, as this group leaves it
  bool names_touched_ = false;
  bool needs_sync_ = false;
  bool broken_ = false;
  bool split_ = false;
};

}  // namespace postrider::store
