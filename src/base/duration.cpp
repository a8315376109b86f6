#include <array>

#include <postrider/base/text.hpp>
#include <postrider/base/time.hpp>

namespace postrider {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t millis;
};
// Largest first: the order in which a sum must name them.
constexpr std::array<Unit, 5> duration_units = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::int64_t max_duration_ms = 10'000 * duration_units[0].millis;

// Written with the units in the bit set `use` only; empty if that leaves a rest.
std::string written_with(std::int64_t millis, unsigned use) {
  std::string text;
  for (std::size_t i = 0; i < duration_units.size(); ++i) {
    if ((use >> i & 1U) == 0 || millis < duration_units[i].millis) {
      continue;
    }
    text += std::to_string(millis / duration_units[i].millis);
    text += duration_units[i].name;
    millis %= duration_units[i].millis;
  }
  return millis == 0 ? text : std::string();
}

// To the nearest, halves to the even one. std::chrono::round overflows near the ends of Duration,
// and "never" minus now is such a one.
std::int64_t rounded_millis(Duration duration) {
  constexpr std::int64_t nanos_per_milli = 1'000'000;
  const std::int64_t whole = duration.count() / nanos_per_milli;
  const std::int64_t rest = duration.count() % nanos_per_milli;
  const std::int64_t distance = rest < 0 ? -rest : rest;
  const bool away =
      distance > nanos_per_milli / 2 || (distance == nanos_per_milli / 2 && whole % 2 != 0);
  return away ? whole + (rest < 0 ? -1 : 1) : whole;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  if (text.empty()) {
    return std::nullopt;
  }
  std::int64_t total_ms = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    std::size_t digits = 0;
    while (digits < text.size() && is_ascii_digit(text[digits])) {
      ++digits;
    }
    const auto number = parse_decimal(text.substr(0, digits));
    text.remove_prefix(digits);
    std::size_t letters = 0;
    while (letters < text.size() && is_ascii_alpha(text[letters])) {
      ++letters;
    }
    const std::string_view name = text.substr(0, letters);
    text.remove_prefix(letters);
    while (next_unit < duration_units.size() && duration_units[next_unit].name != name) {
      ++next_unit;
    }
    if (!number || next_unit == duration_units.size()) {
      return std::nullopt;
    }
    const std::int64_t unit_ms = duration_units[next_unit++].millis;
    if (*number > static_cast<std::uint64_t>((max_duration_ms - total_ms) / unit_ms)) {
      return std::nullopt;
    }
    total_ms += static_cast<std::int64_t>(*number) * unit_ms;
  }
  return std::chrono::milliseconds(total_ms);
}

std::string encode_duration(Duration duration) {
  const std::int64_t signed_ms = rounded_millis(duration);
  if (signed_ms == 0) {
    return "0s";
  }
  const std::int64_t millis = signed_ms < 0 ? -signed_ms : signed_ms;
  std::string best;
  // Sets that use the larger units come last in the loop, and win a tie: "1h", not "60m".
  constexpr unsigned all = 1U << duration_units.size();
  for (unsigned reversed = 1; reversed < all; ++reversed) {
    unsigned use = 0;
    for (std::size_t i = 0; i < duration_units.size(); ++i) {
      use |= (reversed >> i & 1U) << (duration_units.size() - 1 - i);
    }
    std::string text = written_with(millis, use);
    if (!text.empty() && (best.empty() || text.size() <= best.size())) {
      best = std::move(text);
    }
  }
  return signed_ms < 0 ? "-" + best : best;
}

}  // namespace postrider
