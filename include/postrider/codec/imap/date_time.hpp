#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/time.hpp>

namespace postrider::imap {

// "1-Feb-1994", "01-Feb-1994": the date of RFC 9051 9, years 1900 to 2261.
[[nodiscard]] std::optional<std::chrono::sys_days> parse_date(std::string_view text);
// A moment, and the zone in which it is told.
struct DateTime {
  WallTime time{};
  std::int16_t zone_minutes = 0;  // east of UTC
  friend bool operator==(const DateTime&, const DateTime&) = default;
};
// " 1-Feb-1994 21:52:25 -0800", without quotation marks: date-time of RFC 9051 9. A single digit
// for the day is taken without its blank too.
[[nodiscard]] std::optional<DateTime> parse_date_time(std::string_view text);
// "17-Jul-1996 02:44:25 +0200", whole seconds.
[[nodiscard]] std::string encode_date_time(DateTime told);

}  // namespace postrider::imap
