#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::sasl {

enum class Mechanism : std::uint8_t {
  scram_sha_256_plus,  // RFC 7677, bound to the TLS channel (RFC 5802 6)
  scram_sha_256,       // RFC 7677
  plain,               // RFC 4616
  login,               // draft-murchison-sasl-login: what Outlook and many scripts speak
  oauthbearer,         // RFC 7628
  xoauth2,             // what OAUTHBEARER grew from; clients that know providers speak it
};
// "SCRAM-SHA-256-PLUS".
[[nodiscard]] std::string_view name_of(Mechanism mechanism);
// In any case.
[[nodiscard]] std::optional<Mechanism> parse_mechanism(std::string_view name);
// The password itself crosses the wire: under TLS only.
[[nodiscard]] bool shows_password(Mechanism mechanism);
// An access token (RFC 6750) crosses the wire: under TLS only.
[[nodiscard]] bool carries_token(Mechanism mechanism);

// What a connection has to offer.
struct MechanismOffer {
  bool binding = false;  // its TLS channel can be bound to
  bool tokens = false;   // somebody knows whose an access token is, and there is TLS
};
[[nodiscard]] bool is_offered(Mechanism mechanism, MechanismOffer offer);
// Their names, the best first: each with `before` in front of it and `after` behind.
[[nodiscard]] std::string list_mechanisms(MechanismOffer offer, std::string_view before,
                                          std::string_view after);

// What a client is told whose token is not taken (RFC 7628 3.2.2); empty: left out.
struct TokenHints {
  std::string scope;                 // that it should ask for
  std::string openid_configuration;  // the URL where its provider describes itself
  friend bool operator==(const TokenHints&, const TokenHints&) = default;
};

// What ties an exchange to one TLS connection (RFC 5802 6). nullopt: not to be had on this one.
struct ChannelBindings {
  std::optional<std::string> tls_exporter;          // RFC 9266
  std::optional<std::string> tls_server_end_point;  // RFC 5929 4
  [[nodiscard]] bool is_any() const { return tls_exporter || tls_server_end_point; }
};

// Octets of randomness in our part of a SCRAM nonce, before base64.
inline constexpr std::size_t nonce_octets = 18;

}  // namespace postrider::sasl
