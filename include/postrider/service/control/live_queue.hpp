#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/ids.hpp>
#include <postrider/base/result.hpp>
#include <postrider/base/time.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::control {

enum class QueueAction : std::uint8_t { retry, hold, release, bounce, remove };

// What control wants of running delivery; delivery's side of it is bound by app.
// Shard: the control service's core; implementations hop to the delivery's home core.
class LiveQueue {
 public:
  virtual ~LiveQueue() = default;

  // Errors: why it can't be done now, for people ("an attempt is under way").
  virtual engine::Task<Result<void, std::string>> apply(QueueAction action, DeliveryId delivery,
                                                        std::string reason) = 0;

  struct Active {
    DeliveryId delivery;
    std::string site;
  };
  // Deliveries with an attempt under way.
  virtual engine::Task<std::vector<Active>> active() = 0;

  struct Reason {
    std::string kind;  // "schedule", "site", "hold", "limit", "attempt"
    std::string text;
    std::optional<WallTime> since;
    std::optional<WallTime> until;
    std::string rule;  // the configuration key or command that makes it so
  };
  virtual engine::Task<std::vector<Reason>> why(DeliveryId delivery) = 0;

  // Counters and rates as one JSON object.
  virtual engine::Task<std::string> status() = 0;
};

}  // namespace postrider::control
