#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// ASCII text as mail protocols use it: case folding touches A-Z only, whatever the locale.
namespace postrider {

[[nodiscard]] constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
[[nodiscard]] constexpr bool is_ascii_digit(char c) {
  return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_ascii_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
[[nodiscard]] constexpr bool is_wsp(char c) {
  return c == ' ' || c == '\t';
}

[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);
[[nodiscard]] bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);
[[nodiscard]] std::string_view trim_wsp(std::string_view text);
[[nodiscard]] bool is_ascii(std::string_view text);
// Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates.
[[nodiscard]] bool is_utf8(std::string_view text);
// Digits only, no sign; nullopt past the type's range.
[[nodiscard]] std::optional<std::uint64_t> parse_decimal(std::string_view digits);
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
// What a person may have meant: the candidate with the smallest edit distance, if it is close.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      const std::vector<std::string_view>& known);
// Printable, one line, at most `limit` bytes: for logs and error texts that quote a peer. Valid
// UTF-8 stays; control characters, marks that change direction, ill-formed octets and the backslash
// are escaped; what is too long ends in "...". It adds no quotation marks.
[[nodiscard]] std::string quoted_for_log(std::string_view text, std::size_t limit = 200);

}  // namespace postrider
