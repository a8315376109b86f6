#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <iterator>
#include <optional>

#include <postrider/base/base64.hpp>
#include <postrider/base/text.hpp>
#include <postrider/base/utf8.hpp>
#include <postrider/codec/mime/encoded_word.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/mime/limits.hpp>

namespace postrider::mime {

namespace {

constexpr std::string_view word_begin = "=?UTF-8?";  // then Q or B, "?", the text, "?="
constexpr std::size_t word_overhead = word_begin.size() + 4;

// RFC 2047 5 (3): what Q may leave as it is inside a phrase.
bool is_plain_q(char c) {
  return is_ascii_alpha(c) || is_ascii_digit(c) || c == '!' || c == '*' || c == '+' || c == '-' ||
         c == '/';
}

std::string encode_q(std::string_view octets) {
  std::string out;
  for (const char c : octets) {
    if (c == ' ') {
      out += '_';
    } else if (is_plain_q(c)) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "={:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::size_t length_in_q(std::string_view octets) {
  std::size_t length = 0;
  for (const char c : octets) {
    length += c == ' ' || is_plain_q(c) ? 1 : 3;
  }
  return length;
}

std::string repaired_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = decode_utf8(text.substr(at));
    append_utf8(out, step.code_point.value_or(0xFFFD));
    at += step.octets;
  }
  return out;
}

// windows-1252 from 0x80 on; ISO-8859-1 is read as it, as everybody does (the C1 controls that they
// differ in have no place in text). 0: not assigned.
constexpr std::array<char16_t, 32> windows_1252 = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

enum class Charset { utf8, ascii, latin1 };

std::optional<Charset> charset_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Charset>, 10> known = {
      {{"utf-8", Charset::utf8},
       {"utf8", Charset::utf8},
       {"us-ascii", Charset::ascii},
       {"ascii", Charset::ascii},
       {"ansi_x3.4-1968", Charset::ascii},
       {"iso-8859-1", Charset::latin1},
       {"iso_8859-1", Charset::latin1},
       {"latin1", Charset::latin1},
       {"windows-1252", Charset::latin1},
       {"cp1252", Charset::latin1}}};
  for (const auto& [text, charset] : known) {
    if (equals_ignoring_case(text, name)) {
      return charset;
    }
  }
  return std::nullopt;
}

std::string to_utf8(Charset charset, std::string_view octets) {
  if (charset != Charset::latin1) {
    return repaired_utf8(octets);  // for US-ASCII too: senders that say so and send UTF-8 abound
  }
  std::string out;
  for (const char c : octets) {
    const auto octet = static_cast<unsigned char>(c);
    char32_t code_point = octet;
    if (octet >= 0x80 && octet < 0xA0) {
      code_point = windows_1252[octet - 0x80U];
      code_point = code_point == 0 ? 0xFFFD : code_point;
    }
    append_utf8(out, code_point);
  }
  return out;
}

std::optional<std::string> decode_q(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_') {
      out += ' ';
    } else if (text[i] == '=') {
      const auto octet = decode_hex(text.substr(i + 1, 2));
      if (!octet || octet->size() != 1) {
        return std::nullopt;
      }
      out += *octet;
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::optional<std::string> decode_b(std::string_view text) {
  std::string padded(text);
  while (padded.size() % 4 != 0 && padded.size() - text.size() < 2) {
    padded += '=';  // often left out
  }
  return decode_base64(padded);
}

struct Word {
  Charset charset;
  std::string octets;
  std::size_t length;  // of the encoded-word
};

// An encoded-word at the front of `text`. RFC 2047 2 limits it to 75 octets; senders don't, so that
// only the field's own budget does.
std::optional<Word> parse_word(std::string_view text) {
  if (!text.starts_with("=?")) {
    return std::nullopt;
  }
  const std::size_t charset_end = text.find('?', 2);
  if (charset_end == std::string_view::npos || charset_end + 2 >= text.size() ||
      text[charset_end + 2] != '?') {
    return std::nullopt;
  }
  const std::size_t text_begin = charset_end + 3;
  // "?=" right away is the end of an empty word, "=" after it would be the text's.
  const std::size_t end = text.find('?', text_begin);
  if (end == std::string_view::npos || text.substr(end, 2) != "?=") {
    return std::nullopt;
  }
  std::string_view charset_name = text.substr(2, charset_end - 2);
  charset_name = charset_name.substr(0, charset_name.find('*'));  // RFC 2231 5: the language
  const auto charset = charset_of(charset_name);
  const std::string_view encoded = text.substr(text_begin, end - text_begin);
  if (!charset || encoded.find_first_of(" \t") != std::string_view::npos) {
    return std::nullopt;
  }
  std::optional<std::string> octets;
  switch (ascii_lower(text[charset_end + 1])) {
    case 'q':
      octets = decode_q(encoded);
      break;
    case 'b':
      octets = decode_b(encoded);
      break;
    default:
      break;
  }
  if (!octets) {
    return std::nullopt;
  }
  return Word{*charset, std::move(*octets), end + 2};
}

}  // namespace

std::string encode_words(std::string_view text, std::size_t first_column) {
  const std::string good = repaired_utf8(text);
  const bool q = length_in_q(good) <= (good.size() + 2) / 3 * 4;
  std::string out;
  std::size_t column = first_column;
  for (std::size_t at = 0; at < good.size();) {
    const std::size_t room =
        std::min(encoded_word_octets, fold_column - std::min(column, fold_column));
    const std::size_t text_room = room > word_overhead ? room - word_overhead : 0;
    std::size_t end = at;
    while (end < good.size()) {
      const std::size_t next = end + decode_utf8(std::string_view(good).substr(end)).octets;
      const std::string_view candidate = std::string_view(good).substr(at, next - at);
      if ((q ? length_in_q(candidate) : (candidate.size() + 2) / 3 * 4) > text_room) {
        break;
      }
      end = next;
    }
    if (end != at) {
      const std::string_view piece = std::string_view(good).substr(at, end - at);
      out += word_begin;
      out += q ? "Q?" + encode_q(piece) : "B?" + encode_base64(piece);
      out += "?=";
      at = end;
    }
    if (at < good.size()) {
      out += "\r\n ";
      column = 1;
    }
  }
  return out;
}

std::string decode_words(std::string_view value) {
  const std::string line = unfold(value);
  std::string out;
  std::string octets;  // of the words in a row that share a charset
  Charset charset = Charset::utf8;
  std::size_t plain_begin = 0;  // of what is not yet in `out`
  const auto flush_octets = [&] {
    out += to_utf8(charset, octets);
    octets.clear();
  };
  for (std::size_t at = line.find("=?"); at != std::string::npos; at = line.find("=?", at)) {
    const auto word = parse_word(std::string_view(line).substr(at));
    if (!word) {
      at += 2;
      continue;
    }
    const std::string_view between = std::string_view(line).substr(plain_begin, at - plain_begin);
    const bool follows_word = plain_begin > 0 && trim_wsp(between).empty();
    if (!follows_word || word->charset != charset) {
      flush_octets();
    }
    if (!follows_word) {
      out += repaired_utf8(between);
    }
    charset = word->charset;
    octets += word->octets;
    at += word->length;
    plain_begin = at;
  }
  flush_octets();
  return out + repaired_utf8(std::string_view(line).substr(plain_begin));
}

}  // namespace postrider::mime
