#include <algorithm>
#include <fmt/format.h>
#include <iterator>

#include <postrider/base/base64.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/mime/limits.hpp>
#include <postrider/codec/mime/transfer_encoding.hpp>

namespace postrider::mime {

namespace {

std::string_view trim_wsp_right(std::string_view text) {
  while (!text.empty() && is_wsp(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

// One line without its CRLF.
void encode_line(std::string& out, std::string_view line) {
  std::size_t column = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool last = i + 1 == line.size();
    const bool line_start = column == 0;
    bool plain = c >= ' ' && c <= '~' && c != '=';
    plain = (plain || c == '\t') && !(is_wsp(c) && last);  // RFC 2045 6.7 (3)
    // A relay may stuff dots, a mailbox may mangle "From ".
    if (line_start && (c == '.' || (c == 'F' && line.substr(i).starts_with("From ")))) {
      plain = false;
    }
    const std::size_t width = plain ? 1 : 3;
    // The soft line break needs a column, except after the last character of the line.
    if (column + width > quoted_printable_columns - (last ? 0 : 1)) {
      out += "=\r\n";
      column = 0;
      --i;  // again, as the first of its line
      continue;
    }
    if (plain) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "={:02X}", static_cast<unsigned char>(c));
    }
    column += width;
  }
}

}  // namespace

std::string encode_quoted_printable(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    if (end == std::string_view::npos) {
      encode_line(out, text);
      break;
    }
    encode_line(out, text.substr(0, end));
    out += "\r\n";
    text.remove_prefix(end + 2);
  }
  return out;
}

std::string decode_quoted_printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    const bool has_break = end != std::string_view::npos;
    std::string_view line = trim_wsp_right(text.substr(0, end));
    text.remove_prefix(has_break ? end + 2 : text.size());
    const bool soft = line.ends_with('=');
    if (soft) {
      line.remove_suffix(1);
    }
    for (std::size_t i = 0; i < line.size(); ++i) {
      const auto octet = line[i] == '=' ? decode_hex(line.substr(i + 1, 2)) : std::nullopt;
      if (octet && octet->size() == 1) {
        out += *octet;
        i += 2;
      } else {
        out += line[i];
      }
    }
    if (has_break && !soft) {
      out += "\r\n";
    }
  }
  return out;
}

std::string encode_base64_lines(std::string_view octets) {
  constexpr std::size_t octets_a_line = quoted_printable_columns / 4 * 3;
  std::string out;
  for (std::size_t at = 0; at < octets.size(); at += octets_a_line) {
    out += encode_base64(octets.substr(at, octets_a_line));
    out += "\r\n";
  }
  return out;
}

std::optional<std::string> decode_transfer_encoding(std::string_view encoding,
                                                    std::string_view body) {
  for (const std::string_view identity : {"", "7bit", "8bit", "binary"}) {
    if (equals_ignoring_case(encoding, identity)) {
      return std::string(body);
    }
  }
  if (equals_ignoring_case(encoding, "quoted-printable")) {
    return decode_quoted_printable(body);
  }
  if (equals_ignoring_case(encoding, "base64")) {
    return decode_base64_folded(body);
  }
  return std::nullopt;
}

}  // namespace postrider::mime
