#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/time.hpp>
#include <postrider/codec/imap/capability.hpp>
#include <postrider/codec/imap/limits.hpp>
#include <postrider/codec/sasl/mechanism.hpp>

namespace postrider::imap {

// What a client that says this name (RFC 2971) is not to see: it would trip over it.
struct ClientQuirk {
  std::string name;  // ID's "name", or its beginning, in any case
  CapabilitySet hidden;
};

// What one listener offers and allows.
struct ServerRules {
  std::string hostname;  // in the greeting
  std::string version;   // in ID
  CapabilitySet offered = CapabilitySet::all();
  bool offer_starttls = false;
  // Passwords and proofs over a connection without TLS: for a sandbox on loopback only.
  bool auth_without_tls = false;
  // Access tokens are taken, over TLS only.
  std::optional<sasl::TokenHints> tokens;
  std::vector<ClientQuirk> quirks;

  std::uint64_t message_octets_max = message_octets_default;
  std::uint32_t message_limit = message_limit_default;  // RFC 9738; 0: none
  std::uint32_t errors_max = errors_default;
  std::uint32_t auth_failures_max = auth_failures_default;
  std::uint32_t login_commands_max = login_commands_default;

  Duration login_timeout{std::chrono::minutes(3)};    // from the greeting on
  Duration command_timeout{std::chrono::minutes(5)};  // between two pieces of a command
  Duration autologout{std::chrono::minutes(30)};      // RFC 9051 5.4: not less
};

}  // namespace postrider::imap
