#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <postrider/base/random.hpp>
#include <postrider/base/time.hpp>

namespace postrider::policy {

struct RetrySettings {
  // After the first, second, ... attempt; the last one repeats.
  std::vector<Duration> intervals{std::chrono::minutes(5),  std::chrono::minutes(10),
                                  std::chrono::minutes(20), std::chrono::minutes(40),
                                  std::chrono::hours(1),    std::chrono::hours(2),
                                  std::chrono::hours(4)};
  Duration max_age{std::chrono::hours(120)};  // RFC 5321 4.5.4.1: at least 4 to 5 days
  Duration warn_after{std::chrono::hours(4)};
  double jitter = 0.1;  // each interval is drawn from this much around it, 0 to 0.5
};

// When a deferred delivery is tried again, and when it is given up.
class RetrySchedule {
 public:
  explicit RetrySchedule(RetrySettings settings);

  // What the age of a delivery is counted from; time it was held does not count.
  struct Age {
    WallTime received_at{};
    Duration suspended{};
  };
  // In: attempts made so far, at least 1. nullopt: it is too old for another one. The last attempt
  // is made when max_age is reached, not before.
  [[nodiscard]] std::optional<WallTime> next_due(std::uint32_t attempts, const Age& age,
                                                 WallTime now, Random& random) const;
  [[nodiscard]] WallTime expires(const Age& age) const;
  [[nodiscard]] bool is_expired(const Age& age, WallTime now) const { return now >= expires(age); }
  [[nodiscard]] bool is_warning_due(const Age& age, WallTime now) const;

 private:
  RetrySettings settings_;
};

}  // namespace postrider::policy
