#pragma once

#include "kv.hpp"
#include "record_codec.hpp"

#include <memory>
#include <string>
#include <vector>

#include <postrider/store/queue_store.hpp>

namespace postrider::store {

// Why a read gave nothing. What is corrupt is named, so that it can be set aside.
struct ReadFault {
  KvError error = KvError::not_found;
  MessageId id;
  Family family = Family::env;
  std::string key;
  std::string reason;
};
template <class T>
using ReadResult = Result<T, ReadFault>;

// Reads the queue's records: plain functions, on a core as long as they find all in memory, else on
// the offload pool. Shard: any thread.
class QueueReader {
 public:
  explicit QueueReader(const Kv& kv) : kv_(kv) {}

  [[nodiscard]] ReadResult<SharedOctets> chunk(MessageId id, std::uint32_t chunk, Read how) const;
  [[nodiscard]] ReadResult<std::shared_ptr<const Envelope>> envelope(MessageId id, Read how) const;
  [[nodiscard]] ReadResult<StoredDelivery> delivery(DeliveryId id, Read how) const;
  [[nodiscard]] ReadResult<std::vector<StoredDelivery>> message(MessageId id, Read how) const;

  struct Scanned {
    std::vector<StoredDelivery> found;
    std::vector<ReadFault> corrupt;  // what was passed over
  };
  [[nodiscard]] ReadResult<Scanned> scan(const QueueStore::Scan& scan) const;

  struct DueScanned {
    std::vector<DueEntry> found;
    std::vector<std::string> stale;  // keys whose delivery is no longer there
    std::vector<ReadFault> corrupt;  // what was passed over
  };
  [[nodiscard]] ReadResult<DueScanned> scan_due(const DueCursor& after, WallTime until,
                                                std::size_t limit, std::uint64_t body_octets) const;
  [[nodiscard]] ReadResult<std::optional<WallTime>> next_due(const DueCursor& after) const;
  [[nodiscard]] ReadResult<std::vector<QuarantinedEntry>> quarantined() const;
  [[nodiscard]] ReadResult<std::vector<JournalEntry>> journal() const;

 private:
  [[nodiscard]] ReadResult<DoneSet> done(MessageId id, Read how) const;
  [[nodiscard]] ReadResult<std::optional<Progress>> progress(DeliveryId id, Read how) const;

  const Kv& kv_;
};

}  // namespace postrider::store
