#include "scram_message.hpp"

#include <algorithm>
#include <array>

#include <postrider/base/base64.hpp>
#include <postrider/codec/sasl/mechanism.hpp>

namespace postrider::sasl {

std::optional<std::string_view> take_attribute(std::string_view& text, char name) {
  if (text.size() < 2 || text[0] != name || text[1] != '=') {
    return std::nullopt;
  }
  const std::size_t comma = text.find(',');
  const std::string_view value = text.substr(2, comma == text.npos ? comma : comma - 2);
  text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
  return value;
}

std::optional<std::string> decode_sasl_name(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.front() != '=') {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    if (!text.starts_with("=2C") && !text.starts_with("=3D")) {
      return std::nullopt;
    }
    out += text[2] == 'C' ? ',' : '=';
    text.remove_prefix(3);
  }
  return out;
}

std::string encode_sasl_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == ',') {
      out += "=2C";
    } else if (c == '=') {
      out += "=3D";
    } else {
      out += c;
    }
  }
  return out;
}

bool is_nonce(std::string_view text) {
  return !text.empty() && text.size() <= 256 &&
         std::ranges::all_of(text, [](char c) { return c >= '!' && c <= '~' && c != ','; });
}

std::string make_nonce(Random& random) {
  std::array<std::byte, nonce_octets> octets;
  random.fill(octets);
  return encode_base64({reinterpret_cast<const char*>(octets.data()), octets.size()});
}

}  // namespace postrider::sasl
