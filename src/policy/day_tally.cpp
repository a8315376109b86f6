#include <postrider/policy/day_tally.hpp>

namespace postrider::policy {

std::string report_day(WallTime time) {
  return encode_rfc3339(time).substr(0, 10);
}

std::optional<WallTime> parse_report_day(std::string_view day) {
  return day.size() == 10 ? parse_rfc3339(std::string(day) + "T00:00:00Z") : std::nullopt;
}

}  // namespace postrider::policy
