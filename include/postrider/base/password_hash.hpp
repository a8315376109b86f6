#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/random.hpp>

namespace postrider {

// argon2id (RFC 9106) with what OWASP asks for: 19 MiB, two passes, one lane.
struct Argon2Cost {
  std::uint32_t memory_kib = 19 * 1024;
  std::uint32_t passes = 2;
  std::uint32_t lanes = 1;
};

enum class PasswordVerdict : std::uint8_t {
  match,
  mismatch,
  // The stored text is no argon2 hash, or asks for more than 256 MiB, 16 passes or 16 lanes: the
  // account can't log in; tell the operator.
  unusable,
};

// The PHC string `$argon2id$v=19$m=19456,t=2,p=1$salt$hash` with 16 octets of salt, 32 of hash.
//
// Cost: about 20 ms and 19 MiB. Never on a reactor: through the offload pool.
// Limits: passwords up to 4 KiB; a longer one yields an empty string (refuse it before).
[[nodiscard]] std::string hash_password(std::string_view password, Random& random,
                                        Argon2Cost cost = {});

// argon2id, argon2i and argon2d strings. The same cost as hash_password.
[[nodiscard]] PasswordVerdict verify_password(std::string_view phc, std::string_view password);

// Spends what verify_password would spend, so that an unknown user takes as long as a known one.
void spend_password_time(std::string_view password, Argon2Cost cost = {});

inline constexpr std::size_t password_limit_bytes = 4096;

}  // namespace postrider
