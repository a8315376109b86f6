#pragma once

#include <string>

#include <postrider/base/ip_address.hpp>
#include <postrider/codec/sasl/line_exchange.hpp>
#include <postrider/engine/cancel.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/flow/event.hpp>
#include <postrider/net/tls_session.hpp>
#include <postrider/policy/authenticator.hpp>
#include <postrider/policy/scope.hpp>

namespace postrider::flow {

// What a connection's TLS says to the log and to SASL.
[[nodiscard]] std::string describe_tls(const net::TlsFacts& facts);
[[nodiscard]] sasl::ChannelBindings channel_bindings(net::TlsSession& session);

// Who asks, for the decision and the log.
struct LoginPeer {
  SocketAddress address;
  std::string tls;  // "TLSv1.3 TLS13-AES128-GCM-SHA256"; empty: plain
  policy::Scope scope = policy::Scope::smtp;
};

struct LoginResult {
  sasl::LoginAnswer answer;
  policy::Identity identity;  // when accepted
};

// A login that a session asks about: decided by policy, and told to the log if it fails, never with
// what was tried as a password. The same for every protocol. `events` may be null.
[[nodiscard]] engine::Task<LoginResult> log_in(engine::Reactor& reactor,
                                               policy::Authenticator& authenticator,
                                               EventSink* events, sasl::LoginRequest request,
                                               LoginPeer peer, engine::Until until);

}  // namespace postrider::flow
