#include <array>
#include <limits>

#include <postrider/base/text.hpp>
#include <postrider/base/units.hpp>

namespace postrider {

namespace {

struct Suffix {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array<Suffix, 8> size_suffixes = {{{"KiB", 1ULL << 10},
                                                  {"MiB", 1ULL << 20},
                                                  {"GiB", 1ULL << 30},
                                                  {"TiB", 1ULL << 40},
                                                  {"KB", 1'000},
                                                  {"MB", 1'000'000},
                                                  {"GB", 1'000'000'000},
                                                  {"TB", 1'000'000'000'000}}};

std::size_t leading_digits(std::string_view text) {
  std::size_t digits = 0;
  while (digits < text.size() && is_ascii_digit(text[digits])) {
    ++digits;
  }
  return digits;
}

std::optional<std::uint64_t> bytes_of_suffix(std::string_view suffix) {
  if (suffix.empty() || equals_ignoring_case(suffix, "B")) {
    return 1;
  }
  for (const Suffix& known : size_suffixes) {
    if (equals_ignoring_case(suffix, known.name) ||
        equals_ignoring_case(suffix, known.name.substr(0, known.name.size() - 1))) {
      return known.bytes;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const std::size_t digits = leading_digits(text);
  const auto number = parse_decimal(text.substr(0, digits));
  const auto unit = bytes_of_suffix(text.substr(digits));
  if (!number || !unit || *number > std::numeric_limits<std::uint64_t>::max() / *unit) {
    return std::nullopt;
  }
  return *number * *unit;
}

std::string encode_size(std::uint64_t bytes) {
  std::string best = std::to_string(bytes);
  if (bytes == 0) {
    return best;
  }
  for (const Suffix& suffix : size_suffixes) {
    if (bytes % suffix.bytes == 0) {
      std::string text = std::to_string(bytes / suffix.bytes) + std::string(suffix.name);
      // As short as the bare number is good enough: "4096" and "4KiB" read equally well.
      if (text.size() <= best.size()) {
        best = std::move(text);
      }
    }
  }
  return best;
}

std::optional<Rate> parse_rate(std::string_view text) {
  const std::size_t digits = leading_digits(text);
  const auto count = parse_decimal(text.substr(0, digits));
  const std::string_view rest = text.substr(digits);
  if (!count || *count == 0 || rest.size() != 2 || rest[0] != '/') {
    return std::nullopt;
  }
  switch (rest[1]) {
    case 's':
      return Rate{*count, std::chrono::seconds(1)};
    case 'm':
      return Rate{*count, std::chrono::minutes(1)};
    case 'h':
      return Rate{*count, std::chrono::hours(1)};
    case 'd':
      return Rate{*count, std::chrono::days(1)};
    default:
      return std::nullopt;
  }
}

}  // namespace postrider
