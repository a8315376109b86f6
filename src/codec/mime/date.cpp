#include "lexer.hpp"

#include <array>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/date.hpp>

namespace postrider::mime {

namespace {

constexpr std::array<std::string_view, 7> day_names = {"sun", "mon", "tue", "wed",
                                                       "thu", "fri", "sat"};
constexpr std::array<std::string_view, 12> month_names = {"jan", "feb", "mar", "apr", "may", "jun",
                                                          "jul", "aug", "sep", "oct", "nov", "dec"};
struct Zone {
  std::string_view name;
  int hours;
};
// RFC 5322 4.3. Single letters and all other names mean "-0000".
constexpr std::array<Zone, 10> zones = {{{"ut", 0},
                                         {"gmt", 0},
                                         {"est", -5},
                                         {"edt", -4},
                                         {"cst", -6},
                                         {"cdt", -5},
                                         {"mst", -7},
                                         {"mdt", -6},
                                         {"pst", -8},
                                         {"pdt", -7}}};

template <std::size_t n>
std::optional<unsigned> index_of(const std::array<std::string_view, n>& names,
                                 std::string_view name) {
  for (unsigned i = 0; i < n; ++i) {
    if (equals_ignoring_case(names[i], name)) {
      return i;
    }
  }
  return std::nullopt;
}

class DateParser {
 public:
  explicit DateParser(std::string_view text) : lexer_(text) {}

  std::optional<ZonedDate> parse() {
    if (!skip() || !skip_day_name()) {
      return std::nullopt;
    }
    const auto day = take_number(1, 2);
    const auto month = take_month();
    const auto year = take_year();
    if (!day || !month || !year) {
      return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month),
                                           std::chrono::day(*day)};
    const auto clock = take_clock();
    const auto zone = take_zone();
    if (!date.ok() || !clock || !zone || !lexer_.at_end()) {
      return std::nullopt;
    }
    const WallTime time = WallTime(std::chrono::sys_days(date)) + *clock - zone->offset;
    return ZonedDate{time, zone->offset, zone->known};
  }

 private:
  struct Offset {
    std::chrono::minutes offset;
    bool known;
  };

  bool skip() {
    const auto outcome = lexer_.skip_cfws();
    return outcome == Lexer::Cfws::none || outcome == Lexer::Cfws::some;
  }

  // And the blanks and comments after it.
  std::string_view take_letters() {
    const auto atom = lexer_.take_token();
    return atom && skip() ? *atom : std::string_view();
  }

  bool skip_day_name() {
    if (is_ascii_digit(lexer_.peek())) {
      return true;
    }
    return index_of(day_names, take_letters()).has_value() && lexer_.take(',') && skip();
  }

  struct Number {
    int value;
    std::size_t digits;
  };
  std::optional<Number> take_digits(std::size_t least, std::size_t most) {
    Number number{0, 0};
    while (is_ascii_digit(lexer_.peek())) {
      if (++number.digits > most) {
        return std::nullopt;
      }
      number.value = number.value * 10 + (lexer_.peek() - '0');
      lexer_.advance();
    }
    if (number.digits < least || !skip()) {
      return std::nullopt;
    }
    return number;
  }

  std::optional<unsigned> take_number(std::size_t least, std::size_t most) {
    const auto number = take_digits(least, most);
    return number ? std::optional(static_cast<unsigned>(number->value)) : std::nullopt;
  }

  std::optional<unsigned> take_month() {
    const auto index = index_of(month_names, take_letters());
    return index ? std::optional(*index + 1) : std::nullopt;
  }

  std::optional<int> take_year() {
    const auto year = take_digits(2, 4);
    if (!year) {
      return std::nullopt;
    }
    int value = year->value;
    if (year->digits == 2) {
      value += value < 50 ? 2000 : 1900;  // RFC 5322 4.3
    } else if (year->digits == 3) {
      value += 1900;
    }
    constexpr int last_year_held = 2261;
    return value < 1900 || value > last_year_held ? std::nullopt : std::optional(value);
  }

  std::optional<std::chrono::seconds> take_clock() {
    const auto hour = take_number(1, 2);  // RFC 5322 wants two digits, old programs write one
    if (!hour || *hour > 23 || !lexer_.take(':') || !skip()) {
      return std::nullopt;
    }
    const auto minute = take_number(2, 2);
    if (!minute || *minute > 59) {
      return std::nullopt;
    }
    unsigned second = 0;
    if (lexer_.take(':')) {
      const auto given = skip() ? take_number(2, 2) : std::nullopt;
      if (!given || *given > 60) {
        return std::nullopt;
      }
      second = *given;
    }
    return std::chrono::seconds(*hour * 3600 + *minute * 60 + second);
  }

  std::optional<Offset> take_zone() {
    const char sign = lexer_.peek();
    if (sign == '+' || sign == '-') {
      lexer_.advance();
      const auto digits = take_digits(4, 4);
      if (!digits || digits->value % 100 > 59) {
        return std::nullopt;
      }
      const int minutes = digits->value / 100 * 60 + digits->value % 100;
      return Offset{std::chrono::minutes(sign == '-' ? -minutes : minutes),
                    sign == '+' || minutes != 0};
    }
    const std::string_view name = take_letters();
    for (const Zone& zone : zones) {
      if (equals_ignoring_case(zone.name, name)) {
        return Offset{std::chrono::hours(zone.hours), true};
      }
    }
    if (name.empty() || !is_ascii_alpha(name.front())) {
      return std::nullopt;
    }
    return Offset{std::chrono::minutes(0), false};
  }

  Lexer lexer_;
};

}  // namespace

std::optional<ZonedDate> parse_date(std::string_view text) {
  return DateParser(text).parse();
}

}  // namespace postrider::mime
