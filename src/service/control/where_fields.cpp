#include "where_fields.hpp"

#include <array>

#include <postrider/base/text.hpp>
#include <postrider/base/units.hpp>

namespace postrider::control {

namespace {

std::optional<std::int64_t> parse_count(std::string_view text) {
  const auto value = parse_decimal(text);
  return value && *value <= INT64_MAX ? std::optional(static_cast<std::int64_t>(*value))
                                      : std::nullopt;
}
std::optional<std::int64_t> parse_age(std::string_view text) {
  const auto value = parse_duration(text);
  return value ? std::optional<std::int64_t>(value->count()) : std::nullopt;
}
std::optional<std::int64_t> parse_octets(std::string_view text) {
  const auto value = parse_size(text);
  return value && *value <= INT64_MAX ? std::optional(static_cast<std::int64_t>(*value))
                                      : std::nullopt;
}

std::string last_text(const Row& row, std::string store::LastReply::* member) {
  return row.last != nullptr ? row.last->*member : std::string();
}

constexpr auto fields = std::to_array<Field>({
    {.name = "id", .text = [](const Row& r) { return r.delivery.message.text(); }},
    {.name = "tenant", .text = [](const Row& r) { return std::string(r.tenant); }},
    {.name = "domain", .text = [](const Row& r) { return std::string(r.domain); }},
    {.name = "site", .text = [](const Row& r) { return r.site; }},
    {.name = "from", .text = [](const Row& r) { return std::string(r.from); }},
    {.name = "sender", .text = [](const Row& r) { return std::string(r.from); }},
    {.name = "to", .text = [](const Row& r) { return std::string(r.to); }},
    {.name = "recipient", .text = [](const Row& r) { return std::string(r.to); }},
    {.name = "account", .text = [](const Row& r) { return std::string(r.account); }},
    {.name = "state", .text = [](const Row& r) { return std::string(r.state); }},
    {.name = "enhanced",
     .text = [](const Row& r) { return last_text(r, &store::LastReply::enhanced); }},
    {.name = "text", .text = [](const Row& r) { return last_text(r, &store::LastReply::text); }},
    {.name = "remote",
     .text = [](const Row& r) { return last_text(r, &store::LastReply::remote); }},
    {.name = "age",
     .number = [](const Row& r) { return static_cast<std::int64_t>(r.age.count()); },
     .parse = parse_age},
    {.name = "size",
     .number = [](const Row& r) { return static_cast<std::int64_t>(r.size); },
     .parse = parse_octets},
    {.name = "attempts",
     .number = [](const Row& r) { return static_cast<std::int64_t>(r.attempts); },
     .parse = parse_count},
    {.name = "code",
     .number = [](const Row& r) { return std::int64_t{r.last != nullptr ? r.last->code : 0}; },
     .parse = parse_count},
});

}  // namespace

std::span<const Field> filter_fields() {
  return fields;
}

bool holds(Compare compare, std::int64_t a, std::int64_t b) {
  switch (compare) {
    case Compare::equal:
      return a == b;
    case Compare::unequal:
      return a != b;
    case Compare::above:
      return a > b;
    case Compare::below:
      return a < b;
    case Compare::at_least:
      return a >= b;
    case Compare::at_most:
      return a <= b;
    default:
      return false;
  }
}

bool holds(Compare compare, std::string_view text, std::string_view value) {
  switch (compare) {
    case Compare::equal:
      return equals_ignoring_case(text, value);
    case Compare::unequal:
      return !equals_ignoring_case(text, value);
    case Compare::like:
      return matches_glob(value, text);
    case Compare::unlike:
      return !matches_glob(value, text);
    default:
      return false;
  }
}

bool matches_glob(std::string_view pattern, std::string_view text) {
  // The last '*' is where a mismatch backs up to: at most pattern x text steps.
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = pattern.npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() &&
               (pattern[p] == '?' || ascii_lower(pattern[p]) == ascii_lower(text[t]))) {
      ++p;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.substr(p).find_first_not_of('*') == pattern.npos;
}

}  // namespace postrider::control
