#include "server_tls.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <stdexcept>
#include <unistd.h>

#include <postrider/net/tls_trust.hpp>

namespace postrider::app {

namespace {

constexpr auto system_anchors = "/etc/ssl/certs/ca-certificates.crt";

template <class T>
T or_throw(Result<T, net::TlsError> result) {
  if (!result) {
    throw std::runtime_error(fmt::format("{}: mend it and try again", result.error().text));
  }
  return std::move(*result);
}

}  // namespace

bool needs_tls(const Config& config) {
  return std::ranges::any_of(config.listeners, [](const ListenerConfig& listener) {
    return listener.tls != ListenerTls::none;
  });
}

net::TlsServerSettings server_tls_settings(const Config& config) {
  net::TlsServerSettings settings;
  settings.identity =
      or_throw(net::load_tls_identity(config.tls.certificate.string(), config.tls.key.string()));
  for (const auto& name : config.tls.names) {
    settings.by_name.push_back(
        or_throw(net::load_tls_identity(name.certificate.string(), name.key.string())));
  }
  return settings;
}

net::TlsContext make_server_context(net::TlsServerSettings settings,
                                    std::shared_ptr<const net::TicketKeys> keys) {
  settings.ticket_keys = std::move(keys);
  return or_throw(net::TlsContext::make_server(settings));
}

ClientContexts make_client_contexts(const Config& config) {
  ClientContexts contexts{or_throw(net::TlsContext::make_client({})), std::nullopt, nullptr};
  const auto file =
      config.tls.ca_file.empty() ? std::string(system_anchors) : config.tls.ca_file.string();
  if (config.tls.ca_file.empty() && ::access(system_anchors, R_OK) != 0) {
    return contexts;
  }
  net::TlsClientSettings verified;
  verified.verify = net::TlsVerify::require;
  verified.trust = or_throw(net::TrustAnchors::load(file));
  contexts.anchors = verified.trust;
  contexts.verified = or_throw(net::TlsContext::make_client(verified));
  return contexts;
}

}  // namespace postrider::app
