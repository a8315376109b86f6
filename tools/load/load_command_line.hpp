#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace postrider::tools {

// What a command may hold for the generator to fill in: the number of the operation, from 1, and a
// message, as a literal.
inline constexpr std::string_view number_mark = "{n}";
inline constexpr std::string_view message_mark = "{message}";

[[nodiscard]] inline std::string with_number(std::string text, std::uint64_t number) {
  for (std::size_t at = text.find(number_mark); at != text.npos; at = text.find(number_mark, at)) {
    text.replace(at, number_mark.size(), std::to_string(number));
  }
  return text;
}

}  // namespace postrider::tools
