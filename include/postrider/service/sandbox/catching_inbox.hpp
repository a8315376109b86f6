#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/time.hpp>
#include <postrider/codec/smtp/server_rules.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/connection.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/net/tls_context.hpp>

namespace postrider::sandbox {

// What was found out about one DKIM signature of a caught message.
struct SignatureResult {
  std::string domain;
  std::string selector;
  std::string algorithm;  // "rsa-sha256", "ed25519-sha256"
  bool passes = false;
  std::string reason;  // of a failure, for people
};

struct CaughtMessage {
  WallTime time{};
  SocketAddress peer;
  std::string helo;
  std::string tls;  // "TLSv1.3 TLS_AES_128_GCM_SHA256"; empty: plain
  std::string reverse_path;
  std::vector<std::string> recipients;
  std::string octets;
  std::vector<SignatureResult> signatures;
};

struct CatchingInboxSettings {
  std::string hostname = "mx.sandbox.invalid";
  std::uint64_t message_octets_max = 100ULL << 20;
  std::uint32_t sessions_max = 200;
  // A recipient whose local part begins so is refused with 550 5.1.1 resp. answered 450 4.2.1, so
  // that a developer sees a bounce and a retry.
  std::string refused_prefix = "bounce";
  std::string deferred_prefix = "defer";
};

// Takes every message for every domain, checks its DKIM signatures with keys from DNS, and hands it
// on. Shard: the core of `reactor`. References outlive it.
class CatchingInbox {
 public:
  CatchingInbox(engine::Reactor& reactor, net::Resolver& resolver, const net::TlsContext& tls,
                CatchingInboxSettings settings,
                std::function<void(const CaughtMessage&)> on_caught);

  engine::Task<void> serve(std::unique_ptr<engine::Listener> listener);
  engine::Task<void> stop(MonoTime patience) { return gate_.drain(patience); }

 private:
  class Conversation;
  engine::Task<void> converse(std::unique_ptr<engine::Stream> stream, engine::Gate::Pass pass);

  engine::Reactor& reactor_;
  net::Resolver& resolver_;
  const net::TlsContext& tls_;
  CatchingInboxSettings settings_;
  smtp::ServerRules rules_;
  std::function<void(const CaughtMessage&)> on_caught_;
  engine::Gate gate_;
};

// Each DKIM-Signature field of a message, checked as a receiver would (RFC 6376 6.1), at most 10.
engine::Task<std::vector<SignatureResult>> check_signatures(const std::string& octets,
                                                            net::Resolver& resolver, WallTime now,
                                                            engine::Until until);

}  // namespace postrider::sandbox
