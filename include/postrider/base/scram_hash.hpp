#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/digest.hpp>

namespace postrider {

// What a server keeps for SCRAM-SHA-256 instead of the password (RFC 5802 3, RFC 7677 4). Who
// steals it can guess offline at the price of `iterations`, and with a captured exchange pose as
// the client; not log in by itself.
struct ScramVerifier {
  std::string salt;
  std::uint32_t iterations = 0;
  Sha256Digest stored_key;
  Sha256Digest server_key;

  friend bool operator==(const ScramVerifier&, const ScramVerifier&) = default;
};

// RFC 7677 4 asks for 4096 at least; 15,000 is 3 ms here, and browsers' and phones' clients stand
// it.
inline constexpr std::uint32_t scram_iterations = 15'000;
inline constexpr std::uint32_t scram_iterations_limit = 1'000'000;
inline constexpr std::size_t scram_salt_octets = 16;

// In: the password after SASLprep (RFC 4013), a fresh random salt, iterations at least 1.
// Cost: see pbkdf2_hmac_sha256; not on a reactor.
[[nodiscard]] ScramVerifier derive_scram_sha256(std::string_view password, std::string_view salt,
                                                std::uint32_t iterations = scram_iterations);

// The verifier of a user who does not exist: the same salt and count at each try, as a real user
// has them, and keys that nobody's proof will fit. `server_secret` never changes, else a probe sees
// it.
[[nodiscard]] ScramVerifier made_up_scram_verifier(std::string_view user,
                                                   std::string_view server_secret,
                                                   std::uint32_t iterations = scram_iterations);

// `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, base64 (RFC 5803's fields).
[[nodiscard]] std::string encode_scram_verifier(const ScramVerifier& verifier);
[[nodiscard]] std::optional<ScramVerifier> parse_scram_verifier(std::string_view text);

// Whether a client's proof fits (RFC 5802 3: ClientKey = ClientProof XOR ClientSignature, and
// H(ClientKey) is the StoredKey). In constant time. A proof of another length is false.
[[nodiscard]] bool is_scram_client_proof(const ScramVerifier& verifier,
                                         std::string_view auth_message, std::string_view proof);
// v= of the server's last message, before base64.
[[nodiscard]] Sha256Digest scram_server_signature(const ScramVerifier& verifier,
                                                  std::string_view auth_message);

}  // namespace postrider
