#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/shared_octets.hpp>
#include <postrider/engine/cancel.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/store/fact_store.hpp>
#include <postrider/store/queue_records.hpp>
#include <postrider/store/store_error.hpp>

namespace postrider::store {

// What commit() makes exist. Small messages carry their octets; large ones have been staged.
struct NewMessage {
  std::shared_ptr<const Envelope> envelope;  // shared with the feed: nobody changes it after commit
  SharedOctets octets;             // whole message (body_chunks == 0), or chunk 0 of a staged one
  std::vector<NotedFact> facts{};  // same batch
};

// One entry as the scheduler needs it.
struct QueueEntry {
  std::shared_ptr<const Envelope> envelope;
  SharedOctets octets;    // while it is hot; else read by read_chunk()
  bool is_begun = false;  // the journal holds the first attempt of each delivery: first_attempt()
};

// A message of which a record could not be read: moved into quarantine whole.
struct SetAside {
  MessageId id;
  std::shared_ptr<const Envelope> envelope;  // shared with nobody; null: it can't be read either
  std::string reason;
};

// Told of each message after it has become durable, on the core that committed it.
class QueueFeed {
 public:
  virtual ~QueueFeed() = default;
  // Asked before a commit. A number: what begin_attempt() would be given for each delivery of this
  // message as soon as it is durable. It is written with the message then, and need not be written
  // again before the first attempt.
  virtual std::optional<std::uint32_t> first_attempt(const Envelope& /*envelope*/) {
    return std::nullopt;
  }
  virtual void on_committed(QueueEntry entry) = 0;
  // Once a message, on the core whose read or write found it; after it has been set aside.
  virtual void on_set_aside(const SetAside& /*message*/) {}
};

// The outcome of one attempt (or of an operator's action) on one delivery.
struct Settlement {
  DeliveryId delivery;
  // What remains to be done; nullopt: this delivery has ended. When the last delivery of a message
  // ends, all records of the message go in the same batch.
  std::optional<Progress> progress;
  // What this outcome causes (DSN, delay warning, what is sent on): same batch, same sync.
  std::optional<NewMessage> report;
  // The further chunks of a large one, of which the report holds chunk 0. Shared, since settlements
  // are copied; nobody else has a hand on it any more.
  std::shared_ptr<class StagedMessage> staged;
};

// A large message that streams in before its commit. Destroyed without commit: its chunks are
// deleted.
class StagedMessage {
 public:
  virtual ~StagedMessage() = default;
  [[nodiscard]] virtual MessageId id() const = 0;
  // Writes chunk 1, 2, ... unsynced; waits while the committer is behind (this is the
  // back-pressure). Limit: chunk_octets each. Errors: full, io, closed.
  virtual engine::Task<StoreResult<void>> append(std::string chunk) = 0;
  [[nodiscard]] virtual std::uint32_t chunks() const = 0;  // so far, without chunk 0
};

struct DueCursor {
  WallTime due{};
  DeliveryId delivery;
};

// What a crash left open: an attempt that had begun, so that its recipients may get the message
// twice.
struct JournalEntry {
  DeliveryId delivery;
  std::uint32_t attempt = 0;
  WallTime begun{};
};

struct QuarantinedEntry {
  MessageId id;
  std::string key;  // family and key, hex
  std::string reason;
  std::uint64_t size_bytes = 0;
};

struct StoredDelivery {
  std::shared_ptr<const Envelope> envelope;
  std::uint32_t number = 0;
  std::optional<Progress> progress;  // nullopt: never deferred
  SharedOctets octets;               // where a scan brings bodies along
};

// A deferred delivery, and when it is to be tried again.
struct DueEntry {
  StoredDelivery stored;
  WallTime due{};
  [[nodiscard]] DeliveryId delivery() const { return {stored.envelope->id, stored.number}; }
};

// The durable queue.
// Shard: every method on any core; results come back to the core of `reactor` given at construction
// of the per-core handle. Limits: StoreSettings.
class QueueStore {
 public:
  // Bodies up to this are committed in one record; larger ones are staged in chunks of this size.
  static constexpr std::uint64_t chunk_octets = 1024 * 1024;

  virtual ~QueueStore() = default;

  [[nodiscard]] virtual MessageId next_id() = 0;

  // Durable when it returns: one synced batch made the message exist. The feed has been told by
  // then. Errors: full and io (nothing was accepted), closed.
  virtual engine::Task<StoreResult<void>> commit(NewMessage message,
                                                 std::unique_ptr<StagedMessage> staged = {}) = 0;
  [[nodiscard]] virtual std::unique_ptr<StagedMessage> stage() = 0;

  // Durable when it returns. Rides with the next group. Overwritten by a later attempt, removed by
  // the settlement.
  virtual engine::Task<StoreResult<void>> begin_attempt(DeliveryId delivery,
                                                        std::uint32_t attempt) = 0;
  // Written within 10 ms, durable with the next group or within 1 s; with a report: durable when it
  // returns. Atomic: progress, due index, journal entry, report, and the end of the message.
  // Errors: io. Settling what has ended already is a no-op.
  virtual engine::Task<StoreResult<void>> settle(Settlement settlement) = 0;
  // Forces what settle() has written to disk (shutdown).
  virtual engine::Task<StoreResult<void>> sync() = 0;

  // Chunk n of the message's octets; chunk 0 exists always and is the whole of a small one.
  // Errors: not_found, corrupt (the message is then in quarantine), io.
  virtual engine::Task<StoreResult<SharedOctets>> read_chunk(MessageId id, std::uint32_t chunk) = 0;
  virtual engine::Task<StoreResult<StoredDelivery>> load(DeliveryId delivery) = 0;
  virtual engine::Task<StoreResult<std::shared_ptr<const Envelope>>> load_envelope(
      MessageId id) = 0;
  // All open deliveries of one message.
  virtual engine::Task<StoreResult<std::vector<StoredDelivery>>> load_message(MessageId id) = 0;

  // Open deliveries in order of arrival after (id, number), with their progress: for listings and,
  // with `never_deferred_only`, for the scheduler's refill. At most `limit`; fewer means the end
  // was reached.
  struct Scan {
    DeliveryId after;
    std::size_t limit = 256;
    bool never_deferred_only = false;
    // Bodies up to scan_body_octets_max come along, so many octets of them in all: one walk is
    // cheaper than a read for each. What can't be read is left to read_chunk().
    std::uint64_t body_octets = 0;
  };
  static constexpr std::uint64_t scan_body_octets_max = 64 * 1024;
  virtual engine::Task<StoreResult<std::vector<StoredDelivery>>> scan(Scan scan) = 0;
  // Deferred deliveries whose time is at or before `until`, in order of time, after the cursor; at
  // most `limit`, fewer means the end was reached. What can't be read is set aside and passed over.
  // Bodies come along as in scan().
  virtual engine::Task<StoreResult<std::vector<DueEntry>>> scan_due(DueCursor after, WallTime until,
                                                                    std::size_t limit,
                                                                    std::uint64_t body_octets) = 0;
  // The time of the first entry after `after`, to know how long to sleep.
  virtual engine::Task<StoreResult<std::optional<WallTime>>> next_due(DueCursor after) = 0;

  // What the last process had begun and not settled; read once at start, before delivery begins.
  virtual engine::Task<StoreResult<std::vector<JournalEntry>>> open_attempts() = 0;
  virtual engine::Task<StoreResult<std::vector<QuarantinedEntry>>> quarantined() = 0;

  struct Counters {
    std::uint64_t committed = 0;
    std::uint64_t groups = 0;  // synced batches
    std::uint64_t settled = 0;
    std::uint64_t bytes_accepted = 0;
    std::uint64_t messages_open =
        0;                // exact after the start-up count has ended, else a lower bound
    bool failed = false;  // a write or sync failed: accepts nothing
  };
  [[nodiscard]] virtual Counters counters() const = 0;
};

}  // namespace postrider::store
