#include <fmt/format.h>
#include <iterator>

#include <postrider/base/text.hpp>
#include <postrider/base/utf8.hpp>
#include <postrider/codec/report/dsn_address.hpp>

namespace postrider::report {

namespace {

// RFC 6533 3, QCHAR.
bool is_plain(char32_t c) {
  return c > 0x20 && c < 0x7F && c != '+' && c != '=' && c != '\\';
}

std::string encode(std::string_view address, bool keep_unicode) {
  std::string out;
  for (std::size_t at = 0; at < address.size();) {
    const Utf8Step step = decode_utf8(address.substr(at));
    const char32_t c = step.code_point.value_or(0xFFFD);
    // C1 controls are no text, whichever form.
    if (is_plain(c) || (keep_unicode && c >= 0xA0)) {
      append_utf8(out, c);
    } else {
      fmt::format_to(std::back_inserter(out), "\\x{{{:X}}}", static_cast<std::uint32_t>(c));
    }
    at += step.octets;
  }
  return out;
}

// "HEX}" after "\x{".
std::optional<char32_t> take_code_point(std::string_view& text) {
  constexpr std::size_t most_digits = 6;
  const std::size_t end = text.find('}');
  if (end == std::string_view::npos || end == 0 || end > most_digits) {
    return std::nullopt;
  }
  char32_t value = 0;
  for (const char c : text.substr(0, end)) {
    const char lower = ascii_lower(c);
    if (is_ascii_digit(lower)) {
      value = value << 4 | static_cast<char32_t>(lower - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value << 4 | static_cast<char32_t>(lower - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  text.remove_prefix(end + 1);
  if (value == 0 || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

DsnAddress make_dsn_address(std::string_view address) {
  return {is_ascii(address) ? "rfc822" : "utf-8", std::string(address)};
}

std::string encode_utf8_addr_xtext(std::string_view address) {
  return encode(address, false);
}

std::string encode_utf8_addr_unitext(std::string_view address) {
  return encode(address, true);
}

std::optional<std::string> decode_utf8_addr(std::string_view text) {
  if (!is_utf8(text)) {
    return std::nullopt;
  }
  std::string out;
  while (!text.empty()) {
    const std::size_t escape = text.find('\\');
    out += text.substr(0, escape);
    if (escape == std::string_view::npos) {
      break;
    }
    text.remove_prefix(escape);
    if (!text.starts_with("\\x{")) {
      return std::nullopt;
    }
    text.remove_prefix(3);
    const auto code_point = take_code_point(text);
    if (!code_point) {
      return std::nullopt;
    }
    append_utf8(out, *code_point);
  }
  return out;
}

}  // namespace postrider::report
