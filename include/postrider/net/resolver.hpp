#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <postrider/base/time.hpp>
#include <postrider/codec/dns/record.hpp>
#include <postrider/codec/dns/trust_anchors.hpp>
#include <postrider/codec/dns/validator.hpp>
#include <postrider/engine/cancel.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/dns_cache_port.hpp>

namespace postrider::net {

enum class DnsStatus : std::uint8_t {
  found,              // at least one record of the type asked for
  no_data,            // the name exists, the type does not
  no_such_name,       // NXDOMAIN
  temporary_failure,  // SERVFAIL, time-out, no server reached, malformed: defer, never bounce
};

// Always `indeterminate` with DnssecMode::off.
using DnsSecurity = dns::Security;

enum class DnssecMode : std::uint8_t {
  off,       // what servers say is taken as it comes
  trust_ad,  // a server's AD counts as secure (RFC 6840 5.7): for servers and paths that are
             // trusted
  validate,  // here, from the trust anchors down; servers need not be trusted
};

// Whether DNSSEC records reach us through the servers, by what they answer about the highest trust
// anchor.
enum class DnssecPath : std::uint8_t {
  unknown,    // not looked at, or nobody has answered yet
  whole,      // from one server at least, and they lead to the anchor
  stripped,   // servers answer, and none hands signatures and proofs on
  untrusted,  // they are handed on, and don't lead to the anchor: all is bogus
};
[[nodiscard]] std::string_view describe(DnssecPath path);

struct DnssecStatus {
  DnssecPath path = DnssecPath::unknown;
  std::string why;  // server by server what is amiss, for people
  friend bool operator==(const DnssecStatus&, const DnssecStatus&) = default;
};

struct DnsAnswer {
  DnsStatus status = DnsStatus::temporary_failure;
  DnsSecurity security = DnsSecurity::indeterminate;
  std::string name;                  // as asked, lower case
  std::string canonical_name;        // after CNAMEs
  std::vector<dns::Record> records;  // of the type asked for, at canonical_name
  MonoTime expires{};                // when the cache asks again
  // Until when it may stand in, expired, while no server answers (RFC 8767); `expires` if never.
  MonoTime stale_until{};
  bool stale = false;  // it does
  // Of DnssecMode::validate: taken as it came while the path was stripped. Not good for longer.
  bool unvalidated = false;
  // Of a failure, for people: "SERVFAIL from 192.0.2.53"; of a bogus, insecure or indeterminate
  // answer: why it is.
  std::string reason;
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
  DnssecMode dnssec = DnssecMode::off;
  dns::TrustAnchors trust_anchors = dns::TrustAnchors::iana();  // of validate
  // Of validate: how often the path is looked at, beside when lookups fail; zero: never.
  Duration path_check_interval{};
  // What to do while it is stripped: false, all that should be signed is bogus; true, answers are
  // taken as they come, and none counts as secure.
  bool may_go_unvalidated = false;
  // Called when the status has changed, on the resolver's core.
  std::function<void(const DnssecStatus&)> on_dnssec_status;
  // RFC 8767 5: an answer with records that has expired is used for so long yet while all servers
  // are down, and they are asked again after stale_ttl. Zero: never.
  Duration stale_max{std::chrono::hours(24)};
  Duration stale_ttl{std::chrono::seconds(30)};
  // Where the answers used last survive a restart; nullptr: nowhere. Outlives the resolver's tasks.
  DnsCachePort* cache_port = nullptr;
  std::uint64_t cache_saved_entries = 20'000;  // per core
  Duration cache_save_interval{std::chrono::minutes(5)};
};

// Stub resolver over configured recursive servers: UDP with random ids and ports, EDNS, TCP when
// truncated, several servers, positive and negative cache, one query in flight for all who ask the
// same. Follows CNAMEs in answers (at most 8). A bogus answer is a `temporary_failure` whose
// security says so; one whose proof could not be looked up is a `temporary_failure` too. Shard: one
// instance a core.
class Resolver {
 public:
  virtual ~Resolver() = default;
  // Always an answer: `temporary_failure` with its reason when the deadline passes or it is
  // cancelled.
  virtual engine::Task<SharedAnswer> lookup(std::string name, dns::RecordType type,
                                            engine::Until until) = 0;

  struct Counters {
    std::uint64_t lookups = 0, cache_hits = 0, joined = 0, queries = 0, tcp = 0, timeouts = 0;
    std::uint64_t strays = 0;       // datagrams that did not fit the question: late, or forged
    std::uint64_t key_queries = 0;  // of the queries: for keys and DS sets
    std::uint64_t signature_checks = 0;
    std::uint64_t bogus = 0;        // lookups found so
    std::uint64_t rescued = 0;      // found so from one server, and well from another
    std::uint64_t unvalidated = 0;  // lookups answered while the path was stripped
    std::uint64_t stale = 0;        // lookups answered so
    std::uint64_t loaded = 0;       // answers that came from before the restart
    std::uint64_t keys_loaded = 0;  // likewise, of zones and names on the way to them
  };
  [[nodiscard]] virtual Counters counters() const = 0;

  // Gives the warm part of the cache to the cache port now: before a stop. It is also done every
  // cache_save_interval, so that a crash loses little.
  virtual engine::Task<void> save_cache() { co_return; }

  [[nodiscard]] virtual DnssecStatus dnssec_status() const { return {}; }

  // From the next lookup that is not in the cache; what was validated before keeps its time.
  virtual void set_trust_anchors(dns::TrustAnchors anchors) { (void)anchors; }
  // ResolverSettings::may_go_unvalidated, from the next lookup on.
  virtual void set_may_go_unvalidated(bool may) { (void)may; }
};

[[nodiscard]] std::unique_ptr<Resolver> make_resolver(engine::Reactor& reactor,
                                                      const ResolverSettings& settings);

// The servers of a resolv.conf text ("nameserver 192.0.2.53"); 127.0.0.1 if it names none
// (resolv.conf(5)).
[[nodiscard]] std::vector<SocketAddress> parse_resolv_conf(std::string_view text);

}  // namespace postrider::net
