#include <cstdint>

#include <postrider/base/text.hpp>
#include <postrider/base/utf8.hpp>
#include <postrider/codec/smtp/xtext.hpp>

namespace postrider::smtp {
namespace {

constexpr std::string_view upper_hex = "0123456789ABCDEF";

int hex_value(char c) {
  if (is_ascii_digit(c)) {
    return c - '0';
  }
  const char low = ascii_lower(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

bool is_xchar(char c) {  // RFC 3461 4: "!" (33) to "~" (126), but "+" and "="
  return c >= '!' && c <= '~' && c != '+' && c != '=';
}

void append_hex_octet(unsigned char octet, std::string& out) {
  out += '+';
  out += upper_hex[octet >> 4];
  out += upper_hex[octet & 0x0f];
}

bool is_type(std::string_view text) {  // RFC 3461 4.2: addr-type is an atom
  if (text.empty()) {
    return false;
  }
  for (const char c : text) {
    if (!is_ascii_alpha(c) && !is_ascii_digit(c) && c != '-' && c != '.' && c != '_') {
      return false;
    }
  }
  return true;
}

// RFC 6533 3: \x{HEX} with 2 to 6 upper-case digits, no surrogate, nothing past U+10FFFF.
std::optional<char32_t> take_code_point(std::string_view& text) {
  if (!text.starts_with("\\x{")) {
    return std::nullopt;
  }
  const std::size_t end = text.find('}');
  if (end == std::string_view::npos || end < 5 || end > 9) {
    return std::nullopt;
  }
  std::uint32_t value = 0;
  for (const char c : text.substr(3, end - 3)) {
    const int digit = hex_value(c);
    if (digit < 0) {
      return std::nullopt;
    }
    value = value * 16 + static_cast<std::uint32_t>(digit);
  }
  if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff) || value < 0x20 || value == 0x7f) {
    return std::nullopt;
  }
  text.remove_prefix(end + 1);
  return static_cast<char32_t>(value);
}

// utf-8-addr-xtext and utf-8-addr-unitext in one: what the one may not hold raw, it has escaped.
std::optional<std::string> decode_utf8_address(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.front() == '\\') {
      const auto code_point = take_code_point(text);
      if (!code_point) {
        return std::nullopt;
      }
      append_utf8(out, *code_point);
      continue;
    }
    const Utf8Step step = decode_utf8(text);
    if (!step.code_point || *step.code_point < 0x21 || *step.code_point == 0x7f ||
        *step.code_point == U'+' || *step.code_point == U'=') {
      return std::nullopt;
    }
    out += text.substr(0, step.octets);
    text.remove_prefix(step.octets);
  }
  return out;
}

void append_escaped(char32_t code_point, std::string& out) {
  std::string digits;
  for (std::uint32_t rest = code_point; rest != 0 || digits.size() < 2; rest >>= 4) {
    digits.insert(digits.begin(), upper_hex[rest & 0x0f]);
  }
  out += "\\x{" + digits + "}";
}

}  // namespace

std::string encode_xtext(std::string_view octets) {
  std::string out;
  out.reserve(octets.size());
  for (const char c : octets) {
    if (is_xchar(c)) {
      out += c;
    } else {
      append_hex_octet(static_cast<unsigned char>(c), out);
    }
  }
  return out;
}

std::optional<std::string> decode_xtext(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '+') {
      if (!is_xchar(text[i])) {
        return std::nullopt;
      }
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) {
      return std::nullopt;
    }
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::optional<std::string> decode_orcpt(std::string_view parameter) {
  const std::size_t semicolon = parameter.find(';');
  if (semicolon == std::string_view::npos || !is_type(parameter.substr(0, semicolon)) ||
      semicolon + 1 == parameter.size()) {
    return std::nullopt;
  }
  const std::string_view type = parameter.substr(0, semicolon);
  const std::string_view rest = parameter.substr(semicolon + 1);
  std::optional<std::string> address;
  if (equals_ignoring_case(type, "utf-8")) {
    address = decode_utf8_address(rest);
  } else {
    address = decode_xtext(rest);
    // RFC 3461 4.2: the decoded address is printable ASCII; a CR or LF would break out of a report.
    for (const char c : address.value_or("")) {
      if (c < 0x20 || c == 0x7f) {
        return std::nullopt;
      }
    }
  }
  if (!address) {
    return std::nullopt;
  }
  return to_lower(type) + ';' + *address;
}

std::string encode_orcpt(std::string_view decoded, bool smtputf8) {
  const std::size_t semicolon = decoded.find(';');
  const std::string_view type = decoded.substr(0, semicolon);
  if (semicolon == std::string_view::npos || !equals_ignoring_case(type, "utf-8")) {
    const std::size_t begin = semicolon == std::string_view::npos ? 0 : semicolon + 1;
    return std::string(decoded.substr(0, begin)) + encode_xtext(decoded.substr(begin));
  }
  std::string out(decoded.substr(0, semicolon + 1));
  std::string_view rest = decoded.substr(semicolon + 1);
  while (!rest.empty()) {
    const Utf8Step step = decode_utf8(rest);
    const char32_t code_point = step.code_point.value_or(U'\uFFFD');
    const bool plain = code_point > 0x20 && code_point < 0x7f && code_point != U'\\' &&
                       code_point != U'+' && code_point != U'=';
    if (plain || (smtputf8 && code_point >= 0x80)) {
      append_utf8(out, code_point);
    } else {
      append_escaped(code_point, out);
    }
    rest.remove_prefix(step.octets);
  }
  return out;
}

}  // namespace postrider::smtp
