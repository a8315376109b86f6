#include <array>
#include <cstdlib>
#include <fmt/format.h>

#include <postrider/base/text.hpp>
#include <postrider/codec/imap/date_time.hpp>

namespace postrider::imap {
namespace {

constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
// What a WallTime can hold, with a day to spare for the zone.
constexpr int first_year = 1900;
constexpr int last_year = 2261;

std::optional<int> digits(std::string_view text) {
  const auto value = text.empty() || text.size() > 4 ? std::nullopt : parse_decimal(text);
  return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

std::optional<std::chrono::month> month_named(std::string_view name) {
  for (unsigned i = 0; i < months.size(); ++i) {
    if (equals_ignoring_case(months[i], name)) {
      return std::chrono::month(i + 1);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::sys_days> parse_date(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == text.npos || dash == 0 || dash > 2 || text.size() != dash + 9 ||
      text[dash + 4] != '-') {
    return std::nullopt;
  }
  const auto day = digits(text.substr(0, dash));
  const auto month = month_named(text.substr(dash + 1, 3));
  const auto year = digits(text.substr(dash + 5));
  if (!day || !month || !year || *year < first_year || *year > last_year) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date(std::chrono::year(*year), *month,
                                         std::chrono::day(static_cast<unsigned>(*day)));
  return date.ok() ? std::optional(std::chrono::sys_days(date)) : std::nullopt;
}

std::optional<DateTime> parse_date_time(std::string_view text) {
  if (text.starts_with(' ')) {
    text.remove_prefix(1);
  }
  const std::size_t blank = text.find(' ');
  if (blank == text.npos || text.size() != blank + 15) {
    return std::nullopt;
  }
  const auto date = parse_date(text.substr(0, blank));
  const std::string_view clock = text.substr(blank + 1, 8);
  const std::string_view zone = text.substr(blank + 10);
  if (!date || clock[2] != ':' || clock[5] != ':' || text[blank + 9] != ' ' ||
      (zone[0] != '+' && zone[0] != '-')) {
    return std::nullopt;
  }
  const auto hour = digits(clock.substr(0, 2));
  const auto minute = digits(clock.substr(3, 2));
  const auto second = digits(clock.substr(6, 2));
  const auto zone_hours = digits(zone.substr(1, 2));
  const auto zone_minutes = digits(zone.substr(3, 2));
  // 60: a leap second.
  if (!hour || !minute || !second || !zone_hours || !zone_minutes || *hour > 23 || *minute > 59 ||
      *second > 60 || *zone_minutes > 59) {
    return std::nullopt;
  }
  const int east = (*zone_hours * 60 + *zone_minutes) * (zone[0] == '-' ? -1 : 1);
  const auto local =
      std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
  return DateTime{WallTime(*date) + local - std::chrono::minutes(east),
                  static_cast<std::int16_t>(east)};
}

std::string encode_date_time(DateTime told) {
  const WallTime time = told.time + std::chrono::minutes(told.zone_minutes);
  const int zone = std::abs(told.zone_minutes);
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - days));
  return fmt::format("{:02}-{}-{:04} {:02}:{:02}:{:02} {}{:02}{:02}",
                     static_cast<unsigned>(date.day()),
                     months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     told.zone_minutes < 0 ? '-' : '+', zone / 60, zone % 60);
}

}  // namespace postrider::imap
