#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider {

using Duration = std::chrono::nanoseconds;

// Monotonic time of one boot (or of one simulation). It has no now(): the engine's Reactor tells
// it, so that a simulated clock can stand in.
struct MonoClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonoClock>;
  static constexpr bool is_steady = true;
};
using MonoTime = MonoClock::time_point;
inline constexpr MonoTime mono_never = MonoTime::max();

// Wall-clock time, UTC. What is stored on disk is always this.
using WallTime = std::chrono::sys_time<Duration>;

// Whole seconds and milliseconds since 1970, as records and protocols want them.
[[nodiscard]] std::int64_t unix_seconds(WallTime time);
[[nodiscard]] std::int64_t unix_millis(WallTime time);
// Times that a WallTime can't hold (before 1677, after 2262) become its first or last.
[[nodiscard]] WallTime from_unix_millis(std::int64_t millis);

// "Sun, 22 Nov 2026 14:52:24 +0000" (RFC 5322 3.3), always in UTC.
[[nodiscard]] std::string encode_rfc5322_date(WallTime time);
// "2026-11-22T14:52:24.123Z" (RFC 3339 5.6).
[[nodiscard]] std::string encode_rfc3339(WallTime time);
[[nodiscard]] std::optional<WallTime> parse_rfc3339(std::string_view text);

// "250ms", "30s", "5m", "2h", "5d", also summed, the larger unit first, as "1h30m"; nothing else.
// Limit: 10,000 days.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
// The shortest text that parse_duration reads back to the same value (rounded to milliseconds). A
// negative duration gets a "-", which parse_duration does not read.
[[nodiscard]] std::string encode_duration(Duration duration);

}  // namespace postrider
