#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace postrider {

// One step through octets that should be UTF-8 (RFC 3629).
struct Utf8Step {
  // nullopt: ill-formed; `octets` then covers the maximal prefix that could not be continued.
  std::optional<char32_t> code_point;
  // How many octets the step covers, at least 1.
  std::size_t octets = 1;
};

// `text` is not empty.
[[nodiscard]] Utf8Step decode_utf8(std::string_view text);

// U+FFFD for what is not a Unicode scalar value.
void append_utf8(std::string& out, char32_t code_point);

}  // namespace postrider
