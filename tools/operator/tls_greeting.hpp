#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <postrider/codec/dns/record.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/net/tls_trust.hpp>

namespace postrider::tools {

struct TlsGreeting {
  std::string host;
  std::uint16_t port = 25;
  std::string own_name;
  std::shared_ptr<const net::TrustAnchors> anchors;  // null: PKIX is not looked at
  std::vector<dns::Tlsa> records;
  std::vector<std::string> dane_names;
};

// Connects to the host's first address that answers, greets it and does a handshake, as delivery
// would, and leaves: what came of it, for people. No mail is sent.
[[nodiscard]] engine::Task<std::string> greet_with_tls(engine::Reactor& reactor,
                                                       net::Resolver& resolver, TlsGreeting order);

}  // namespace postrider::tools
