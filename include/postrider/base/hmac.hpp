#pragma once

#include <cstdint>
#include <string_view>

#include <postrider/base/digest.hpp>

namespace postrider {

// HMAC-SHA-256 (RFC 2104). A key of any length, the empty one too.
class HmacSha256 {
 public:
  explicit HmacSha256(std::string_view key);

  void update(std::string_view octets) { inner_.update(octets); }
  // The code over all that was given; the object then starts anew with the same key.
  [[nodiscard]] Sha256Digest finish();

 private:
  Sha256 keyed_inner_;
  Sha256 keyed_outer_;
  Sha256 inner_;
};

[[nodiscard]] Sha256Digest hmac_sha256(std::string_view key, std::string_view octets);

// PBKDF2 with HMAC-SHA-256 and 32 octets of output (RFC 8018 5.2); SCRAM's Hi() (RFC 5802 2.2).
//
// In: iterations at least 1.
// Cost: two compressions an iteration, about 1 ms for 4096: not on a reactor.
[[nodiscard]] Sha256Digest pbkdf2_hmac_sha256(std::string_view password, std::string_view salt,
                                              std::uint32_t iterations);

// Whether both are equal, in a time that depends on their lengths only.
[[nodiscard]] bool constant_time_equal(std::string_view a, std::string_view b);

// Overwrites a secret so that the compiler can't leave it out.
void wipe(char* octets, std::size_t size);

}  // namespace postrider
