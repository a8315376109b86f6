#pragma once

#include "config.hpp"

#include <memory>
#include <optional>

#include <postrider/net/tls_context.hpp>
#include <postrider/net/tls_ticket_keys.hpp>

namespace postrider::app {

// Whether a listener speaks TLS, so that a certificate is wanted.
[[nodiscard]] bool needs_tls(const Config& config);
// Reads certificates and keys. Throws std::runtime_error (which file, what to do).
[[nodiscard]] net::TlsServerSettings server_tls_settings(const Config& config);
[[nodiscard]] net::TlsContext make_server_context(net::TlsServerSettings settings,
                                                  std::shared_ptr<const net::TicketKeys> keys);

// Towards peers: whoever answers, and PKIX.
struct ClientContexts {
  net::TlsContext any;
  std::optional<net::TlsContext> verified;           // nullopt: no trust anchors on this machine
  std::shared_ptr<const net::TrustAnchors> anchors;  // shared by contexts; null likewise
};
[[nodiscard]] ClientContexts make_client_contexts(const Config& config);

}  // namespace postrider::app
