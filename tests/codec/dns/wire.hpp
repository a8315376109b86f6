#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/base64.hpp>

namespace postrider::dns {

// Octets from hex digits; blanks are for the reader.
inline std::string wire(std::string_view hex) {
  std::string digits;
  for (const char c : hex) {
    if (c != ' ') {
      digits += c;
    }
  }
  return decode_hex(digits).value();
}

inline std::string u16(unsigned value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

// A name in labels, uncompressed: wire_name({"mx", "example"}).
inline std::string wire_name(std::initializer_list<std::string_view> labels) {
  std::string out;
  for (const std::string_view label : labels) {
    out += static_cast<char>(label.size());
    out += label;
  }
  return out + '\0';
}

struct Counts {
  unsigned questions = 1;
  unsigned answers = 0;
  unsigned authorities = 0;
  unsigned additionals = 0;
};
inline std::string header(unsigned id, unsigned flags, Counts counts) {
  return u16(id) + u16(flags) + u16(counts.questions) + u16(counts.answers) +
         u16(counts.authorities) + u16(counts.additionals);
}

// Class IN, TTL 60.
inline std::string record(std::string_view owner, unsigned type, std::string_view rdata) {
  return std::string(owner) + u16(type) + u16(1) + u16(0) + u16(60) +
         u16(static_cast<unsigned>(rdata.size())) + std::string(rdata);
}

}  // namespace postrider::dns
