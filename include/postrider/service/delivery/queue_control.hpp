#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/ids.hpp>
#include <postrider/base/time.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/store/queue_records.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::delivery {

enum class QueueAction : std::uint8_t {
  retry,    // due now, whatever the schedule says; held ones stay held
  hold,     // does not come due; the time does not count towards max_age
  release,  // ends a hold, due now
  bounce,   // fails what is pending, with a report to the sender
  remove,   // ends it without a report
};

enum class ActionResult : std::uint8_t {
  done,
  after_attempt,  // it is being delivered now: what is left of it then is treated so
  not_found,      // no such delivery (any more)
  unchanged,      // held already, not held, ...
  failed,         // the store refused: see the log
};

// Why a delivery is where it is.
struct Reason {
  std::string kind;  // "held", "deferred", "active", "queued", "backlog", "dns", "site", "limit"
  std::string text;
  std::optional<WallTime> since;
  std::optional<WallTime> until;
  std::string rule;  // the setting or policy behind it
};

struct Explanation {
  store::StoredDelivery entry;
  std::string site;  // empty: not looked up
  std::vector<Reason> reasons;
};

struct SiteStatus {
  std::string site;
  std::string source;  // local addresses, empty: the kernel's choice
  std::string tls;     // policy identity
  CoreId core = 0;
  std::uint64_t queued = 0;
  std::uint32_t active = 0;
  std::uint32_t idle = 0;
  std::uint32_t limit = 0;  // of connections, now
  std::optional<WallTime> suspended_until;
  store::LastReply last_failure;
  std::uint64_t delivered = 0;
  std::uint64_t deferred = 0;
  std::uint64_t failed = 0;
};

struct DeliveryStatus {
  std::uint64_t window = 0;      // deliveries in memory
  std::uint64_t active = 0;      // being delivered
  std::uint64_t overflowed = 0;  // times a delivery had to stay in the store
  std::uint64_t connections = 0;
  std::uint64_t delivered = 0;  // recipients, since the start
  std::uint64_t deferred = 0;
  std::uint64_t failed = 0;
  bool halted = false;  // the store failed: nothing is delivered until a restart
};

struct ActiveDelivery {
  DeliveryId delivery;
  std::string site;
};

// What an operator does to the queue. Shard: `from` is the caller's core; the work is done on the
// delivery's home core.
class QueueControl {
 public:
  virtual ~QueueControl() = default;
  virtual engine::Task<ActionResult> apply(CoreId from, DeliveryId delivery, QueueAction action,
                                           std::string reason) = 0;
  // All open deliveries of the message; the results in the order of their numbers.
  virtual engine::Task<std::vector<ActionResult>> apply_to_message(CoreId from, MessageId message,
                                                                   QueueAction action,
                                                                   std::string reason) = 0;
  virtual engine::Task<std::optional<Explanation>> explain(CoreId from, DeliveryId delivery) = 0;
  virtual engine::Task<std::vector<SiteStatus>> sites(CoreId from) = 0;
  // Deliveries with an attempt under way, on all cores (`queue list` shows them as active).
  virtual engine::Task<std::vector<ActiveDelivery>> active(CoreId from) = 0;
  virtual engine::Task<DeliveryStatus> status(CoreId from) = 0;
};

}  // namespace postrider::delivery
