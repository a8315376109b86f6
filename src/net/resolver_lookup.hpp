#pragma once

#include "dns_exchange.hpp"
#include "path_watch.hpp"
#include "resolver_cache.hpp"
#include "resolver_servers.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <postrider/codec/dns/message.hpp>
#include <postrider/codec/dns/trust_cache.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/net/resolver.hpp>

namespace postrider::net {

struct KeyFlight;

// What one lookup needs and all lookups of a core share.
struct ResolverShared {
  ResolverShared(engine::Reactor& on, ResolverSettings with)
      : reactor(on),
        settings(std::move(with)),
        servers(settings.servers),
        cache({.entries = settings.cache_entries, .bytes = settings.cache_bytes}),
        path(on) {}

  // Whether answers are to be proven now.
  [[nodiscard]] bool validates() const;

  engine::Reactor& reactor;
  ResolverSettings settings;
  ResolverServers servers;
  ResolverCache cache;
  ExchangeCounters exchanges;
  std::uint64_t timeouts = 0;

  engine::CancelSource stop;
  dns::TrustCache trust;
  std::unordered_map<std::string, std::shared_ptr<KeyFlight>> key_flights;  // shared with who waits
  std::uint64_t key_queries = 0;
  std::uint64_t signature_checks = 0;
  std::uint64_t bogus = 0;
  std::uint64_t rescued = 0;
  std::uint64_t unvalidated = 0;
  PathWatch path;
};

[[nodiscard]] std::string cache_key(std::string_view name, dns::RecordType type);
[[nodiscard]] DnsAnswer temporary_failure(std::string name, std::string reason);

struct Resolved {
  DnsAnswer answer;           // that expires not later than now: keep it not at all
  bool servers_down = false;  // of a failure: no server said what was asked
};
// Asks the servers, follows CNAMEs, and validates.
[[nodiscard]] engine::Task<Resolved> resolve(std::shared_ptr<ResolverShared> shared,
                                             dns::Question question, engine::Until until);

}  // namespace postrider::net
