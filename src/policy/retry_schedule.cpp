#include <algorithm>
#include <utility>

#include <postrider/policy/retry_schedule.hpp>

namespace postrider::policy {

namespace {
constexpr Duration interval_min = std::chrono::seconds(1);
}

RetrySchedule::RetrySchedule(RetrySettings settings) : settings_(std::move(settings)) {
  if (settings_.intervals.empty()) {
    settings_.intervals = RetrySettings{}.intervals;
  }
  settings_.jitter = std::clamp(settings_.jitter, 0.0, 0.5);
}

WallTime RetrySchedule::expires(const Age& age) const {
  return age.received_at + settings_.max_age + age.suspended;
}

std::optional<WallTime> RetrySchedule::next_due(std::uint32_t attempts, const Age& age,
                                                WallTime now, Random& random) const {
  if (is_expired(age, now)) {
    return std::nullopt;
  }
  const std::size_t index =
      std::min<std::size_t>(attempts == 0 ? 0 : attempts - 1, settings_.intervals.size() - 1);
  const auto base = static_cast<double>(settings_.intervals[index].count());
  const double factor = settings_.jitter == 0 ? 1 : 1 + settings_.jitter * (2 * random.unit() - 1);
  const Duration interval =
      std::max(interval_min, Duration(static_cast<Duration::rep>(base * factor)));
  return std::min(now + interval, expires(age));
}

bool RetrySchedule::is_warning_due(const Age& age, WallTime now) const {
  return settings_.warn_after > Duration{} &&
         now >= age.received_at + settings_.warn_after + age.suspended;
}

}  // namespace postrider::policy
