#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <postrider/base/time.hpp>
#include <postrider/codec/dns/record.hpp>
#include <postrider/engine/cancel.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::net {

enum class DnsStatus : std::uint8_t {
  found,              // at least one record of the type asked for
  no_data,            // the name exists, the type does not
  no_such_name,       // NXDOMAIN
  temporary_failure,  // SERVFAIL, time-out, no server reached, malformed: defer, never bounce
};

// RFC 4035 4.3. `indeterminate` until DNSSEC is validated here.
enum class DnsSecurity : std::uint8_t { secure, insecure, bogus, indeterminate };

struct DnsAnswer {
  DnsStatus status = DnsStatus::temporary_failure;
  DnsSecurity security = DnsSecurity::indeterminate;
  std::string name;                  // as asked, lower case
  std::string canonical_name;        // after CNAMEs
  std::vector<dns::Record> records;  // of the type asked for, at canonical_name
  MonoTime expires{};                // when the cache forgets it
  std::string reason;                // of a failure, for people: "SERVFAIL from 192.0.2.53"
};
// Shared by the cache and all who asked while it was in flight; never changed.
using SharedAnswer = std::shared_ptr<const DnsAnswer>;

struct ResolverSettings {
  std::vector<SocketAddress> servers;  // asked in order, the dead ones last
  Duration query_timeout{std::chrono::seconds(2)};
  std::uint32_t rounds = 3;                 // over all servers
  std::uint64_t cache_entries = 100'000;    // per core
  std::uint64_t cache_bytes = 64ULL << 20;  // per core
  Duration ttl_min{std::chrono::seconds(5)};
  Duration ttl_max{std::chrono::hours(24)};
  Duration negative_ttl_max{std::chrono::hours(1)};
  Duration failure_ttl{std::chrono::seconds(15)};
  std::uint32_t outstanding_max = 2000;  // queries in flight, per core
};

// Stub resolver over configured recursive servers: UDP with random ids and ports, EDNS, TCP when
// truncated, several servers, positive and negative cache, one query in flight for all who ask the
// same. Follows CNAMEs in answers (at most 8). Shard: one instance a core.
class Resolver {
 public:
  virtual ~Resolver() = default;
  // Always an answer: `temporary_failure` with its reason when the deadline passes or it is
  // cancelled.
  virtual engine::Task<SharedAnswer> lookup(std::string name, dns::RecordType type,
                                            engine::Until until) = 0;

  struct Counters {
    std::uint64_t lookups = 0, cache_hits = 0, joined = 0, queries = 0, tcp = 0, timeouts = 0;
    std::uint64_t strays = 0;  // datagrams that did not fit the question: late, or forged
  };
  [[nodiscard]] virtual Counters counters() const = 0;
};

[[nodiscard]] std::unique_ptr<Resolver> make_resolver(engine::Reactor& reactor,
                                                      const ResolverSettings& settings);

// The servers of a resolv.conf text ("nameserver 192.0.2.53"); 127.0.0.1 if it names none
// (resolv.conf(5)).
[[nodiscard]] std::vector<SocketAddress> parse_resolv_conf(std::string_view text);

}  // namespace postrider::net
