#pragma once

#include "dns_exchange.hpp"
#include "resolver_lookup.hpp"

#include <string>

#include <postrider/codec/dns/message.hpp>

namespace postrider::net {

struct AskError {
  std::string reason;
  bool cancelled = false;       // by ourselves
  bool servers_down = false;    // none said anything
  bool server_failure = false;  // the last word was SERVFAIL
};
using AskResult = Result<dns::Response, AskError>;

// NOERROR or NXDOMAIN from the first server that gives it, in rounds over those that were silent.
// With `checking_disabled` also what a server finds bogus. `shared` outlives the Task.
[[nodiscard]] engine::Task<AskResult> ask_servers(ResolverShared& shared, dns::Question question,
                                                  bool checking_disabled, engine::Until until);

}  // namespace postrider::net
