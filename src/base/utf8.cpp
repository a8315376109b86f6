#include <simdjson.h>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/base/utf8.hpp>

namespace postrider {

bool is_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

namespace {

struct Lead {
  std::size_t octets;  // 0: can't begin a character
  char32_t bits;
  // Bounds of the second octet: they keep out overlong forms, surrogates and what is past U+10FFFF.
  unsigned char second_min = 0x80;
  unsigned char second_max = 0xBF;
};

Lead classify(unsigned char c) {
  if (c < 0x80) {
    return {1, c};
  }
  if (c >= 0xC2 && c <= 0xDF) {
    return {2, c & 0x1FU};
  }
  if (c >= 0xE0 && c <= 0xEF) {
    return {3, c & 0x0FU, static_cast<unsigned char>(c == 0xE0 ? 0xA0 : 0x80),
            static_cast<unsigned char>(c == 0xED ? 0x9F : 0xBF)};
  }
  if (c >= 0xF0 && c <= 0xF4) {
    return {4, c & 0x07U, static_cast<unsigned char>(c == 0xF0 ? 0x90 : 0x80),
            static_cast<unsigned char>(c == 0xF4 ? 0x8F : 0xBF)};
  }
  return {0, 0};
}

}  // namespace

Utf8Step decode_utf8(std::string_view text) {
  check(!text.empty(), "a step needs an octet");
  const Lead lead = classify(static_cast<unsigned char>(text[0]));
  if (lead.octets == 0) {
    return {std::nullopt, 1};
  }
  char32_t code_point = lead.bits;
  for (std::size_t i = 1; i < lead.octets; ++i) {
    const unsigned char min = i == 1 ? lead.second_min : 0x80;
    const unsigned char max = i == 1 ? lead.second_max : 0xBF;
    if (i == text.size() || static_cast<unsigned char>(text[i]) < min ||
        static_cast<unsigned char>(text[i]) > max) {
      return {std::nullopt, i};
    }
    code_point = code_point << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  return {code_point, lead.octets};
}

void append_utf8(std::string& out, char32_t c) {
  if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
    c = 0xFFFD;
  }
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

}  // namespace postrider
