#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/time.hpp>

namespace postrider {

// "25MB", "64KiB", "1GiB", "4096": decimal and binary suffixes, in any case; B may be left out
// ("25M").
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
// The shortest exact text: "25MB", "64KiB", "1023".
[[nodiscard]] std::string encode_size(std::uint64_t bytes);

struct Rate {
  std::uint64_t count = 0;
  Duration per{};
  friend bool operator==(const Rate&, const Rate&) = default;
};
// "100/s", "30/m", "1000/h", "50000/d"; never 0.
[[nodiscard]] std::optional<Rate> parse_rate(std::string_view text);

}  // namespace postrider
