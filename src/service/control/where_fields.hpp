#pragma once

#include "row.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// What a filter can ask of a row, and how it compares.
namespace postrider::control {

enum class Compare : std::uint8_t { equal, unequal, like, unlike, above, below, at_least, at_most };

using TextOf = std::string (*)(const Row&);
using NumberOf = std::int64_t (*)(const Row&);
using ParseNumber = std::optional<std::int64_t> (*)(std::string_view);

// A field is a text or a number.
struct Field {
  std::string_view name;
  TextOf text = nullptr;
  NumberOf number = nullptr;
  ParseNumber parse = nullptr;
};

// Those that where.hpp names.
[[nodiscard]] std::span<const Field> filter_fields();

// Numbers know no globs, texts no order: false.
[[nodiscard]] bool holds(Compare compare, std::int64_t a, std::int64_t b);
// Without case.
[[nodiscard]] bool holds(Compare compare, std::string_view text, std::string_view value);

// '*' any run, '?' any octet; without case.
[[nodiscard]] bool matches_glob(std::string_view pattern, std::string_view text);

}  // namespace postrider::control
