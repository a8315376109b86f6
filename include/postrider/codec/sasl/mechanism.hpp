#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::sasl {

enum class Mechanism : std::uint8_t {
  scram_sha_256_plus,  // RFC 7677, bound to the TLS channel (RFC 5802 6)
  scram_sha_256,       // RFC 7677
  plain,               // RFC 4616
  login,               // draft-murchison-sasl-login: what Outlook and many scripts speak
};
// "SCRAM-SHA-256-PLUS".
[[nodiscard]] std::string_view name_of(Mechanism mechanism);
// In any case.
[[nodiscard]] std::optional<Mechanism> parse_mechanism(std::string_view name);
// The password itself crosses the wire: under TLS only.
[[nodiscard]] bool shows_password(Mechanism mechanism);

// What ties an exchange to one TLS connection (RFC 5802 6). nullopt: not to be had on this one.
struct ChannelBindings {
  std::optional<std::string> tls_exporter;          // RFC 9266
  std::optional<std::string> tls_server_end_point;  // RFC 5929 4
  [[nodiscard]] bool is_any() const { return tls_exporter || tls_server_end_point; }
};

// Octets of randomness in our part of a SCRAM nonce, before base64.
inline constexpr std::size_t nonce_octets = 18;

}  // namespace postrider::sasl
