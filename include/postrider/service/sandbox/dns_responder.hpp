#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/codec/dns/message.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::sandbox {

struct DnsResponderSettings {
  std::string mail_host = "mx.sandbox.invalid";  // the MX of every domain
  std::vector<IpAddress> mail_host_addresses{IpAddress::loopback()};
  // TXT at SELECTOR._domainkey.ANY-DOMAIN (RFC 6376 3.6.1): selector to text.
  std::map<std::string, std::string> dkim_selectors;
  std::map<std::string, std::string> texts;            // TXT: name to text
  std::vector<std::string> null_mx{"nomail.example"};  // domains that take no mail (RFC 7505)
  std::uint32_t ttl_s = 60;
};

// What the responder says: every name exists but those below .invalid (RFC 6761 6.4) that are not
// the mail host. Pure.
[[nodiscard]] dns::Response respond(const DnsResponderSettings& settings, const dns::Query& query);

// A real DNS server for the sandbox and for tests, over UDP and TCP on one port. Shard: the core of
// `reactor`. Limits: conversations_max over TCP, the rest is refused.
class DnsResponder {
 public:
  static constexpr std::size_t conversations_max = 100;

  // Port 0: one that is free for both.
  [[nodiscard]] static engine::IoResult<std::unique_ptr<DnsResponder>> listen(
      engine::Reactor& reactor, SocketAddress address, DnsResponderSettings settings);

  [[nodiscard]] SocketAddress address() const { return listener_->local(); }
  // Until stop(). What it says may be changed meanwhile, between turns.
  engine::Task<void> serve();
  engine::Task<void> stop(MonoTime patience) { return gate_.drain(patience); }
  [[nodiscard]] DnsResponderSettings& settings() { return settings_; }

 private:
  DnsResponder(engine::Reactor& reactor, std::unique_ptr<engine::DatagramSocket> socket,
               std::unique_ptr<engine::Listener> listener, DnsResponderSettings settings);
  engine::Task<void> serve_udp();
  engine::Task<void> serve_tcp();
  engine::Task<void> converse(std::unique_ptr<engine::Stream> stream, engine::Gate::Pass pass);

  engine::Reactor& reactor_;
  std::unique_ptr<engine::DatagramSocket> socket_;
  std::unique_ptr<engine::Listener> listener_;
  DnsResponderSettings settings_;
  engine::Gate gate_;
};

}  // namespace postrider::sandbox
