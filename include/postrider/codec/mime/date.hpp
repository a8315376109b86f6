#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include <postrider/base/time.hpp>

namespace postrider::mime {

struct ZonedDate {
  WallTime time;                // UTC
  std::chrono::minutes offset;  // of the zone it was written in
  bool zone_known = true;       // "-0000" and unknown zone names say nothing (RFC 5322 3.3, 4.3)
  friend bool operator==(const ZonedDate&, const ZonedDate&) = default;
};

// RFC 5322 3.3 with the obsolete forms of 4.3: comments, years of two and three digits, zone names.
// The day of the week is read and not held against the date. Years 1900 to 2261.
[[nodiscard]] std::optional<ZonedDate> parse_date(std::string_view text);

}  // namespace postrider::mime
