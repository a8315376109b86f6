#include <algorithm>
#include <string.h>

#include <postrider/base/assert.hpp>
#include <postrider/base/hmac.hpp>

namespace postrider {
namespace {

constexpr std::size_t block_octets = 64;

}  // namespace

HmacSha256::HmacSha256(std::string_view key) {
  std::array<char, block_octets> block{};
  if (key.size() > block_octets) {
    const auto digest = sha256(key);
    std::ranges::copy(digest.octets, block.begin());
  } else {
    std::ranges::copy(key, block.begin());
  }
  for (auto& octet : block) {
    octet = static_cast<char>(octet ^ 0x36);
  }
  keyed_inner_.update({block.data(), block.size()});
  for (auto& octet : block) {
    octet = static_cast<char>(octet ^ 0x36 ^ 0x5c);
  }
  keyed_outer_.update({block.data(), block.size()});
  wipe(block.data(), block.size());
  inner_ = keyed_inner_;
}

Sha256Digest HmacSha256::finish() {
  const auto inner_digest = inner_.finish();
  auto outer = keyed_outer_;
  outer.update(inner_digest.view());
  inner_ = keyed_inner_;
  return outer.finish();
}

Sha256Digest hmac_sha256(std::string_view key, std::string_view octets) {
  HmacSha256 hmac(key);
  hmac.update(octets);
  return hmac.finish();
}

Sha256Digest pbkdf2_hmac_sha256(std::string_view password, std::string_view salt,
                                std::uint32_t iterations) {
  check(iterations > 0, "PBKDF2 has at least one iteration");
  HmacSha256 hmac(password);
  hmac.update(salt);
  hmac.update(std::string_view("\0\0\0\1", 4));
  auto round = hmac.finish();
  auto sum = round;
  for (std::uint32_t i = 1; i < iterations; ++i) {
    hmac.update(round.view());
    round = hmac.finish();
    for (std::size_t k = 0; k < sum.octets.size(); ++k) {
      sum.octets[k] = static_cast<char>(sum.octets[k] ^ round.octets[k]);
    }
  }
  return sum;
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return false;
  }
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i] ^ b[i]);
    // Keeps the compiler from leaving early.
    asm volatile("" : "+r"(difference));
  }
  return difference == 0;
}

void wipe(char* octets, std::size_t size) {
  explicit_bzero(octets, size);
}

}  // namespace postrider
