#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace postrider::imap {

// SipHash-1-3 (Aumasson, Bernstein): without the key nobody can write texts that fall together.
[[nodiscard]] inline std::uint64_t keyed_hash(std::string_view text, std::uint64_t key) {
  const std::uint64_t second = key ^ 0x9E3779B97F4A7C15ULL;
  std::uint64_t a = key ^ 0x736F6D6570736575ULL;
  std::uint64_t b = second ^ 0x646F72616E646F6DULL;
  std::uint64_t c = key ^ 0x6C7967656E657261ULL;
  std::uint64_t d = second ^ 0x7465646279746573ULL;
  const auto round = [&] {
    a += b;
    b = std::rotl(b, 13) ^ a;
    a = std::rotl(a, 32);
    c += d;
    d = std::rotl(d, 16) ^ c;
    a += d;
    d = std::rotl(d, 21) ^ a;
    c += b;
    b = std::rotl(b, 17) ^ c;
    c = std::rotl(c, 32);
  };
  const std::uint64_t length = static_cast<std::uint64_t>(text.size()) << 56;
  while (true) {
    std::uint64_t word = 0;
    const std::size_t octets = text.size() < 8 ? text.size() : 8;
    if (octets > 0) {
      std::memcpy(&word, text.data(), octets);
    }
    word |= octets < 8 ? length : 0;
    d ^= word;
    round();
    a ^= word;
    if (octets < 8) {
      break;
    }
    text.remove_prefix(8);
  }
  c ^= 0xFF;
  round();
  round();
  round();
  return a ^ b ^ c ^ d;
}

}  // namespace postrider::imap
