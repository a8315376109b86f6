#pragma once

#include "answer.hpp"
#include "dns_tls.hpp"

#include <string>
#include <vector>

#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/resolver.hpp>

namespace postrider::tools {

struct DnsCommand {
  std::string domain;
  DnsTlsOrder tls;
  std::vector<std::string> own_names;
  net::ResolverSettings resolver;
  bool json = false;
};

// What delivery would do for a domain: its hosts, their addresses, the TLS that results, and why
// not. Out: the exit code.
engine::Task<int> run_dns_command(DnsCommand command, engine::Reactor& reactor, Terminal terminal);

}  // namespace postrider::tools
