#pragma once

#include "dns_exchange.hpp"
#include "resolver_lookup.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include <postrider/codec/dns/message.hpp>

namespace postrider::net {

struct AskError {
  std::string reason;
  bool cancelled = false;       // by ourselves
  bool servers_down = false;    // none said anything
  bool server_failure = false;  // the last word was SERVFAIL
};
struct Asked {
  dns::Response response;
  std::size_t server = 0;  // that gave it
};
using AskResult = Result<Asked, AskError>;

struct AskOptions {
  bool checking_disabled = false;    // also what a server finds bogus
  bool dnssec_ok = false;            // with signatures: an answer without EDNS is none
  std::vector<std::size_t> without;  // servers that are not asked; not all
};

// NOERROR or NXDOMAIN from the first server that gives it, in rounds over those that were silent.
// `shared` outlives the Task.
[[nodiscard]] engine::Task<AskResult> ask_servers(ResolverShared& shared, dns::Question question,
                                                  AskOptions options, engine::Until until);

}  // namespace postrider::net
