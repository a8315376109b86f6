#include "macro.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

#include <postrider/base/text.hpp>
#include <postrider/codec/spf/limits.hpp>

namespace postrider::spf {

namespace {

constexpr std::string_view letters = "slodiphcrtv";
constexpr std::string_view explanation_letters = "crt";
constexpr std::string_view delimiter_octets = ".-+,/_=";
// More labels than this no name has: RFC 7208 7.3 asks for 127 at least.
constexpr std::uint32_t keep_max = 1000;

// Behind "%{": LETTER *DIGIT ["r"] *delimiter "}". Takes it off `text`.
std::optional<MacroPart> take_expansion(std::string_view& text, MacroPlace place) {
  const std::size_t end = text.find('}');
  if (end == std::string_view::npos || end == 0) {
    return std::nullopt;
  }
  std::string_view inside = text.substr(0, end);
  text.remove_prefix(end + 1);
  MacroPart part{.letter = ascii_lower(inside.front())};
  part.url_escape = part.letter != inside.front();
  inside.remove_prefix(1);
  if (letters.find(part.letter) == std::string_view::npos ||
      (place == MacroPlace::term &&
       explanation_letters.find(part.letter) != std::string_view::npos)) {
    return std::nullopt;
  }
  bool has_digits = false;
  for (; !inside.empty() && is_ascii_digit(inside.front()); inside.remove_prefix(1)) {
    has_digits = true;
    part.keep =
        std::min(keep_max, part.keep * 10 + static_cast<std::uint32_t>(inside.front() - '0'));
  }
  if (has_digits && part.keep == 0) {
    return std::nullopt;  // RFC 7208 7.3: the number must not be zero
  }
  if (!inside.empty() && ascii_lower(inside.front()) == 'r') {
    part.reverse = true;
    inside.remove_prefix(1);
  }
  if (inside.find_first_not_of(delimiter_octets) != std::string_view::npos) {
    return std::nullopt;
  }
  part.delimiters = inside;
  return part;
}

// Behind "%".
std::optional<MacroPart> take_macro(std::string_view& text, MacroPlace place) {
  if (text.empty()) {
    return std::nullopt;
  }
  const char kind = text.front();
  text.remove_prefix(1);
  switch (kind) {
    case '{':
      return take_expansion(text, place);
    case '%':
      return MacroPart{.literal = "%"};
    case '_':
      return MacroPart{.literal = " "};
    case '-':
      return MacroPart{.literal = "%20"};
    default:
      return std::nullopt;
  }
}

bool is_literal(char c, MacroPlace place) {
  return (c > 0x20 && c < 0x7F) || (c == ' ' && place == MacroPlace::explanation);
}

// toplabel of RFC 7208 7.1: letters, digits and inner hyphens, not digits alone.
bool is_top_label(std::string_view label) {
  const auto is_alphanumeric = [](char c) { return is_ascii_alpha(c) || is_ascii_digit(c); };
  return !label.empty() && is_alphanumeric(label.front()) && is_alphanumeric(label.back()) &&
         std::ranges::all_of(label, [&](char c) { return is_alphanumeric(c) || c == '-'; }) &&
         !std::ranges::all_of(label, is_ascii_digit);
}

std::string nibbles(const IpAddress& ip) {
  std::string out;
  for (const std::uint8_t octet : ip.octets()) {
    fmt::format_to(std::back_inserter(out), "{}{:X}.{:X}", out.empty() ? "" : ".", octet >> 4,
                   octet & 0x0F);
  }
  return out;
}

std::string value_of(char letter, const MacroValues& values) {
  const bool is_v4 = values.ip.family() == IpFamily::v4;
  switch (letter) {
    case 's':
      return values.sender;
    case 'l':
      return values.local_part;
    case 'o':
      return values.sender_domain;
    case 'd':
      return values.domain;
    case 'i':
      return is_v4 ? values.ip.text() : nibbles(values.ip);
    case 'p':
      return values.validated_name;
    case 'v':
      return is_v4 ? "in-addr" : "ip6";
    case 'h':
      return values.helo;
    case 'c':
      return values.ip.text();
    case 'r':
      return values.receiver;
    case 't':
      return std::to_string(values.now);
    default:
      return {};
  }
}

// RFC 7208 7.3: split, reverse, keep what is rightmost, join by dots.
std::string transform(const std::string& value, const MacroPart& part) {
  const std::string_view delimiters =
      part.delimiters.empty() ? std::string_view(".") : std::string_view(part.delimiters);
  std::vector<std::string_view> pieces;
  std::string_view rest = value;
  while (true) {
    const std::size_t end = rest.find_first_of(delimiters);
    pieces.push_back(rest.substr(0, end));
    if (end == std::string_view::npos) {
      break;
    }
    rest.remove_prefix(end + 1);
  }
  if (part.reverse) {
    std::ranges::reverse(pieces);
  }
  const std::size_t first =
      part.keep == 0 || part.keep >= pieces.size() ? 0 : pieces.size() - part.keep;
  std::string out;
  for (std::size_t i = first; i < pieces.size(); ++i) {
    out += i == first ? "" : ".";
    out += pieces[i];
  }
  return out;
}

// RFC 3986 2.3: all but the unreserved.
std::string url_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace

bool MacroString::needs_validated_name() const {
  return std::ranges::any_of(parts, [](const MacroPart& part) { return part.letter == 'p'; });
}

std::optional<MacroString> parse_macro_string(std::string_view text, MacroPlace place) {
  MacroString macro;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('%'), text.size());
    const std::string_view literal = text.substr(0, end);
    if (!std::ranges::all_of(literal, [&](char c) { return is_literal(c, place); })) {
      return std::nullopt;
    }
    if (!literal.empty()) {
      macro.parts.push_back({.literal = std::string(literal)});
    }
    text.remove_prefix(end);
    if (!text.empty()) {
      text.remove_prefix(1);
      auto part = take_macro(text, place);
      if (!part) {
        return std::nullopt;
      }
      macro.parts.push_back(std::move(*part));
    }
  }
  return macro;
}

std::optional<MacroString> parse_domain_spec(std::string_view text) {
  auto macro = parse_macro_string(text, MacroPlace::term);
  if (!macro || macro->parts.empty()) {
    return std::nullopt;
  }
  // What follows the last macro, as it is written: "%%", "%_" and "%-" end a domain-spec, too.
  std::string_view tail = text;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%') {
      at = text[at + 1] == '{' ? text.find('}', at) : at + 1;
      tail = text.substr(at + 1);
    }
  }
  if (tail.empty()) {
    return macro;
  }
  if (tail.ends_with('.')) {
    tail.remove_suffix(1);
  }
  const std::size_t dot = tail.rfind('.');
  if (dot == std::string_view::npos || !is_top_label(tail.substr(dot + 1))) {
    return std::nullopt;
  }
  return macro;
}

std::string expand(const MacroString& macro, const MacroValues& values) {
  std::string out;
  for (const MacroPart& part : macro.parts) {
    if (part.letter == '\0') {
      out += part.literal;
      continue;
    }
    const std::string value = transform(value_of(part.letter, values), part);
    out += part.url_escape ? url_escaped(value) : value;
  }
  return out;
}

std::string expand_domain(const MacroString& macro, const MacroValues& values) {
  std::string name = expand(macro, values);
  if (name.ends_with('.')) {
    name.pop_back();
  }
  if (name.size() > domain_octets_max) {
    const std::size_t dot = name.find('.', name.size() - domain_octets_max - 1);
    name.erase(0, dot == std::string::npos ? 0 : dot + 1);
  }
  return name;
}

std::string reverse_name(const IpAddress& ip) {
  const MacroString reverse{{MacroPart{.letter = 'i', .reverse = true}, MacroPart{.literal = "."},
                             MacroPart{.letter = 'v'}, MacroPart{.literal = ".arpa"}}};
  return expand(reverse, {.ip = ip});
}

}  // namespace postrider::spf
