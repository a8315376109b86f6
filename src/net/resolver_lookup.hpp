#pragma once

#include "dns_exchange.hpp"
#include "resolver_cache.hpp"
#include "resolver_servers.hpp"

#include <string>
#include <vector>

#include <postrider/codec/dns/message.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/net/resolver.hpp>

namespace postrider::net {

// What one lookup needs and all lookups of a core share.
struct ResolverShared {
  ResolverShared(engine::Reactor& on, ResolverSettings with)
      : reactor(on),
        settings(std::move(with)),
        servers(settings.servers),
        cache({.entries = settings.cache_entries, .bytes = settings.cache_bytes}) {}

  engine::Reactor& reactor;
  ResolverSettings settings;
  ResolverServers servers;
  ResolverCache cache;
  ExchangeCounters exchanges;
  std::uint64_t timeouts = 0;
};

[[nodiscard]] std::string cache_key(std::string_view name, dns::RecordType type);
[[nodiscard]] DnsAnswer temporary_failure(std::string name, std::string reason);

// Asks the servers, in rounds, and follows CNAMEs. Out: an answer that says when it expires; not
// later than now: keep it not at all. `shared` outlives the Task.
[[nodiscard]] engine::Task<DnsAnswer> resolve(ResolverShared& shared, dns::Question question,
                                              engine::Until until);

}  // namespace postrider::net
