#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/time.hpp>

namespace postrider::imap {

// "1-Feb-1994", "01-Feb-1994": the date of RFC 9051 9, years 1900 to 2261.
[[nodiscard]] std::optional<std::chrono::sys_days> parse_date(std::string_view text);
// " 1-Feb-1994 21:52:25 -0800", without quotation marks: date-time of RFC 9051 9. A single digit
// for the day is taken without its blank too.
[[nodiscard]] std::optional<WallTime> parse_date_time(std::string_view text);
// "17-Jul-1996 02:44:25 +0000", always in UTC, whole seconds.
[[nodiscard]] std::string encode_date_time(WallTime time);

}  // namespace postrider::imap
