#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace postrider::filter {

inline void append_uint32(std::uint32_t number, std::string& out) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out += static_cast<char>(number >> shift & 0xff);
  }
}

// In: four octets at least.
inline std::uint32_t read_uint32(std::string_view octets) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    out = out << 8 | static_cast<unsigned char>(octets[i]);
  }
  return out;
}

}  // namespace postrider::filter
