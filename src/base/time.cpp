#include <array>

#include <postrider/base/text.hpp>
#include <postrider/base/time.hpp>

namespace postrider {

namespace {

constexpr std::array<const char*, 7> day_names = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Years that a WallTime holds from their first to their last instant (64 bits of nanoseconds).
constexpr int first_year = 1678;
constexpr int last_year = 2261;

struct Civil {
  std::chrono::year_month_day date;
  unsigned weekday;
  std::chrono::hh_mm_ss<std::chrono::milliseconds> clock;
};

Civil civil_of(WallTime time) {
  // In milliseconds: the midnight before the first WallTime is no WallTime.
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(millis);
  return {std::chrono::year_month_day(day), std::chrono::weekday(day).c_encoding(),
          std::chrono::hh_mm_ss(millis - day)};
}

// Takes exactly `count` digits off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) {
    return std::nullopt;
  }
  const auto number = parse_decimal(text.substr(0, count));
  if (!number) {
    return std::nullopt;
  }
  text.remove_prefix(count);
  return static_cast<int>(*number);
}

bool take_char(std::string_view& text, char wanted) {
  if (text.empty() || ascii_lower(text.front()) != wanted) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

// "" or "." and one or more digits; those past nanoseconds are cut off.
std::optional<Duration> take_fraction(std::string_view& text) {
  if (!take_char(text, '.')) {
    return Duration::zero();
  }
  std::int64_t nanos = 0;
  std::size_t digits = 0;
  while (!text.empty() && is_ascii_digit(text.front())) {
    if (digits < 9) {
      nanos = nanos * 10 + (text.front() - '0');
    }
    ++digits;
    text.remove_prefix(1);
  }
  if (digits == 0) {
    return std::nullopt;
  }
  for (; digits < 9; ++digits) {
    nanos *= 10;
  }
  return Duration(nanos);
}

std::optional<std::chrono::minutes> take_offset(std::string_view& text) {
  if (take_char(text, 'z')) {
    return std::chrono::minutes(0);
  }
  if (text.empty() || (text.front() != '+' && text.front() != '-')) {
    return std::nullopt;
  }
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto hours = take_digits(text, 2);
  if (!hours || *hours > 23 || !take_char(text, ':')) {
    return std::nullopt;
  }
  const auto minutes = take_digits(text, 2);
  if (!minutes || *minutes > 59) {
    return std::nullopt;
  }
  return std::chrono::minutes(sign * (*hours * 60 + *minutes));
}

std::optional<std::chrono::year_month_day> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || *year < first_year || *year > last_year || !take_char(text, '-')) {
    return std::nullopt;
  }
  const auto month = take_digits(text, 2);
  if (!month || !take_char(text, '-')) {
    return std::nullopt;
  }
  const auto day = take_digits(text, 2);
  if (!day) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  return date.ok() ? std::optional(date) : std::nullopt;
}

std::optional<std::chrono::seconds> take_clock(std::string_view& text) {
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take_char(text, ':')) {
    return std::nullopt;
  }
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59 || !take_char(text, ':')) {
    return std::nullopt;
  }
  const auto second = take_digits(text, 2);
  if (!second || *second > 60) {
    return std::nullopt;
  }
  return std::chrono::seconds(*hour * 3600 + *minute * 60 + *second);
}

// By hand: each message's events and Received field have a date, and a format string costs ten
// times as much.
constexpr std::size_t longest_date = 40;

void append_digits(std::string& out, std::int64_t value, int width) {
  char digits[4] = {};
  for (int at = width; at > 0; value /= 10) {
    digits[--at] = static_cast<char>('0' + value % 10);
  }
  out.append(digits, static_cast<std::size_t>(width));
}

void append_clock(std::string& out, const Civil& civil) {
  append_digits(out, civil.clock.hours().count(), 2);
  out += ':';
  append_digits(out, civil.clock.minutes().count(), 2);
  out += ':';
  append_digits(out, civil.clock.seconds().count(), 2);
}

}  // namespace

std::int64_t unix_seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::int64_t unix_millis(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

WallTime from_unix_millis(std::int64_t millis) {
  constexpr std::int64_t nanos_per_milli = 1'000'000;
  if (millis > WallTime::max().time_since_epoch().count() / nanos_per_milli) {
    return WallTime::max();
  }
  if (millis < WallTime::min().time_since_epoch().count() / nanos_per_milli) {
    return WallTime::min();
  }
  return WallTime(std::chrono::milliseconds(millis));
}

std::string encode_rfc5322_date(WallTime time) {
  const Civil civil = civil_of(time);
  std::string out;
  out.reserve(longest_date);
  out += day_names[civil.weekday];
  out += ", ";
  append_digits(out, static_cast<unsigned>(civil.date.day()), 2);
  out += ' ';
  out += month_names[static_cast<unsigned>(civil.date.month()) - 1];
  out += ' ';
  append_digits(out, static_cast<int>(civil.date.year()), 4);
  out += ' ';
  append_clock(out, civil);
  out += " +0000";
  return out;
}

std::string encode_rfc3339(WallTime time) {
  const Civil civil = civil_of(time);
  std::string out;
  out.reserve(longest_date);
  append_digits(out, static_cast<int>(civil.date.year()), 4);
  out += '-';
  append_digits(out, static_cast<unsigned>(civil.date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(civil.date.day()), 2);
  out += 'T';
  append_clock(out, civil);
  out += '.';
  append_digits(out, civil.clock.subseconds().count(), 3);
  out += 'Z';
  return out;
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !(take_char(text, 't') || take_char(text, ' '))) {
    return std::nullopt;
  }
  const auto clock = take_clock(text);
  if (!clock) {
    return std::nullopt;
  }
  const auto fraction = take_fraction(text);
  if (!fraction) {
    return std::nullopt;
  }
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) {
    return std::nullopt;
  }
  return WallTime(std::chrono::sys_days(*date)) + *clock + *fraction - *offset;
}

}  // namespace postrider
