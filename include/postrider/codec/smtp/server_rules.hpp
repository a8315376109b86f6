#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <postrider/base/time.hpp>
#include <postrider/codec/sasl/mechanism.hpp>
#include <postrider/codec/smtp/limits.hpp>

namespace postrider::smtp {

// Who may have mail sent on. Nothing is an open relay by default.
enum class Senders : std::uint8_t {
  trusted,  // peers of an allowed network, and who has authenticated
  anyone,   // whoever comes: the recipient decides (inbound, a catching inbox)
};

// What one listener offers and allows.
struct ServerRules {
  std::string hostname;  // in the greeting and the EHLO reply
  Senders senders = Senders::trusted;
  // RFC 2033 4.1: LHLO in place of EHLO, and after the content one reply for each accepted
  // recipient.
  bool lmtp = false;
  bool offer_starttls = false;
  bool offer_auth = false;
  // Passwords and proofs over a connection without TLS: for a sandbox on loopback only.
  bool auth_without_tls = false;
  // Access tokens are taken, over TLS only.
  std::optional<sasl::TokenHints> tokens;
  bool offer_chunking = true;
  bool offer_smtputf8 = true;
  bool offer_dsn = true;
  bool offer_require_tls = false;

  std::uint64_t message_octets_max = message_octets_default;
  std::uint32_t recipients_max = recipients_default;
  std::uint32_t errors_max = errors_default;
  std::uint32_t idle_commands_max = idle_commands_default;
  std::uint32_t messages_max = messages_default;
  std::uint32_t auth_failures_max = auth_failures_default;

  Duration command_timeout{std::chrono::minutes(5)};  // RFC 5321 4.5.3.2.7, for a whole line
  Duration data_timeout{std::chrono::minutes(5)};     // between two pieces of content
  Duration session_timeout{std::chrono::hours(2)};    // all of it
};

}  // namespace postrider::smtp
