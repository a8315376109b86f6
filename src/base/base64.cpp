#include <array>
#include <cstdint>

#include <postrider/base/base64.hpp>

namespace postrider {

namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> value_of_digit = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}();

std::uint32_t octet_at(std::string_view octets, std::size_t i) {
  return static_cast<unsigned char>(octets[i]);
}

// Four digits to three octets; `octets` (1 to 3) of them are kept. False: not a digit, or bits that
// no octet keeps are set.
bool decode_quantum(std::string& out, std::string_view quantum, std::size_t octets) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i <= octets; ++i) {
    const int value = value_of_digit[static_cast<unsigned char>(quantum[i])];
    if (value < 0) {
      return false;
    }
    bits |= static_cast<std::uint32_t>(value) << (18 - 6 * i);
  }
  if ((bits & ((1U << (24 - 8 * octets)) - 1)) != 0) {
    return false;
  }
  for (std::size_t i = 0; i < octets; ++i) {
    out += static_cast<char>(bits >> (16 - 8 * i) & 0xFF);
  }
  return true;
}

int value_of_hex(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

std::string encode_base64(std::string_view octets) {
  std::string out;
  out.reserve((octets.size() + 2) / 3 * 4);
  std::size_t i = 0;
  for (; i + 3 <= octets.size(); i += 3) {
    const std::uint32_t bits =
        octet_at(octets, i) << 16 | octet_at(octets, i + 1) << 8 | octet_at(octets, i + 2);
    for (int shift = 18; shift >= 0; shift -= 6) {
      out += alphabet[bits >> shift & 63];
    }
  }
  const std::size_t rest = octets.size() - i;
  if (rest > 0) {
    const std::uint32_t bits =
        octet_at(octets, i) << 16 | (rest == 2 ? octet_at(octets, i + 1) << 8 : 0);
    out += alphabet[bits >> 18 & 63];
    out += alphabet[bits >> 12 & 63];
    out += rest == 2 ? alphabet[bits >> 6 & 63] : '=';
    out += '=';
  }
  return out;
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const std::string_view quantum = text.substr(i, 4);
    std::size_t octets = 3;
    if (i + 4 == text.size() && quantum[3] == '=') {
      octets = quantum[2] == '=' ? 1 : 2;
    }
    if (!decode_quantum(out, quantum, octets)) {
      return std::nullopt;
    }
  }
  return out;
}

std::optional<std::string> decode_base64_folded(std::string_view text) {
  std::string digits;
  digits.reserve(text.size());
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
      digits += c;
    }
  }
  return decode_base64(digits);
}

std::string encode_hex(std::string_view octets) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(octets.size() * 2);
  for (std::size_t i = 0; i < octets.size(); ++i) {
    out += digits[octet_at(octets, i) >> 4];
    out += digits[octet_at(octets, i) & 15];
  }
  return out;
}

std::optional<std::string> decode_hex(std::string_view text) {
  if (text.size() % 2 != 0) {
    return std::nullopt;
  }
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = value_of_hex(text[i]);
    const int low = value_of_hex(text[i + 1]);
    if (high < 0 || low < 0) {
      return std::nullopt;
    }
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

}  // namespace postrider
