#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/base/time.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/http_client.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/policy/mta_sts.hpp>

// MTA-STS policies (RFC 8461) of the domains that mail goes to: found, fetched, kept, refreshed.
namespace postrider::policy {

// A policy as it was fetched, and what it takes to know for how long it counts.
struct KeptStsPolicy {
  StsPolicy policy;
  std::string id;      // of the TXT record that announced it
  WallTime fetched{};  // or found unchanged
  WallTime used{};     // mail asked for it; renewed at most once a day
  [[nodiscard]] WallTime expires() const { return fetched + policy.max_age; }
  friend bool operator==(const KeptStsPolicy&, const KeptStsPolicy&) = default;
};
// As octets that parse_kept_sts_policy reads back to the same value (times in milliseconds).
[[nodiscard]] std::string encode_kept_sts_policy(const KeptStsPolicy& kept);
[[nodiscard]] std::optional<KeptStsPolicy> parse_kept_sts_policy(std::string_view octets);

// Where policies survive a restart; the store's side of it is bound by app. What can't be read or
// written is as if it were not there: policies are fetched again.
class StsShelf {
 public:
  virtual ~StsShelf() = default;
  virtual engine::Task<std::optional<std::string>> load(std::string domain) = 0;
  virtual engine::Task<void> save(std::string domain, std::string octets) = 0;
  virtual engine::Task<void> remove(std::string domain) = 0;
  // Domains after `after`, in order; at most `limit`.
  virtual engine::Task<std::vector<std::string>> list(std::string after, std::size_t limit) = 0;
};

enum class StsFetchFailure : std::uint8_t {
  unreachable,  // DNS, connect, TLS, HTTP, time: sts-policy-fetch-error (RFC 8460 4.3.2.2)
  certificate,  // the policy host's: sts-webpki-invalid
  invalid,      // what came is no policy: sts-policy-invalid
};
struct StsFetchError {
  StsFetchFailure kind = StsFetchFailure::unreachable;
  std::string text;  // for people
};

class StsFetcher {
 public:
  virtual ~StsFetcher() = default;
  virtual engine::Task<Result<StsPolicy, StsFetchError>> fetch(std::string domain,
                                                               engine::Until until) = 0;
};

// By HTTPS from mta-sts.DOMAIN (RFC 8461 3.3): 200 and text/plain only, no redirects.
// Limits: sts_limits::policy_octets.
class HttpsStsFetcher final : public StsFetcher {
 public:
  // `tls`: TlsVerify::require. `port`: 443, but for tests.
  HttpsStsFetcher(net::HttpDoors doors, std::uint16_t port) : doors_(doors), port_(port) {}
  void set_port(std::uint16_t port) { port_ = port; }  // from the next fetch on
  engine::Task<Result<StsPolicy, StsFetchError>> fetch(std::string domain,
                                                       engine::Until until) override;

 private:
  net::HttpDoors doors_;
  std::uint16_t port_;
};

// What is in force for a domain now.
struct StsAnswer {
  std::shared_ptr<const StsPolicy> policy;  // shared with who delivers by it; nullptr: none
  std::string id;
  WallTime fetched{};
  WallTime expires{};
  // Why there is none, or why the one in force could not be renewed; for people. Empty: all is
  // well.
  std::string problem;
  // A domain that announces a policy which can't be had (RFC 8460 4.3.2.2).
  std::optional<StsFetchFailure> failure;
  bool is_announced = false;  // a valid TXT record stands there
};

struct StsSettings {
  Duration fetch_timeout{std::chrono::seconds(60)};    // RFC 8461 3.3
  Duration retry_after{std::chrono::minutes(5)};       // RFC 8461 3.3: after a failed fetch
  Duration refresh_after{std::chrono::hours(24)};      // RFC 8461 10.2; half of max_age if shorter
  Duration refresh_tick{std::chrono::minutes(30)};     // how often the refresher looks
  Duration unused_after{std::chrono::hours(24 * 30)};  // then a policy is left to expire
  std::size_t kept_in_memory = 20'000;                 // domains
  std::size_t fetches = 32;                            // at a time
};

// Shard: one instance a core; a domain is asked for on its home core only, so that nothing is
// fetched twice. The doors outlive it; drain() before it is destroyed.
class MtaStsCache {
 public:
  struct Doors {
    engine::Reactor& reactor;
    net::Resolver& resolver;
    StsFetcher& fetcher;
    StsShelf* shelf = nullptr;  // nullptr: nothing survives
  };
  explicit MtaStsCache(Doors doors, const StsSettings& settings = {});
  MtaStsCache(const MtaStsCache&) = delete;
  MtaStsCache& operator=(const MtaStsCache&) = delete;
  ~MtaStsCache();

  // The policy of a domain (A-labels, lower case), fetched if it is new, has changed or expired.
  // Who asks for a domain that is being fetched waits for that fetch. What fails leaves a policy
  // that has not expired in force (RFC 8461 5.1). Always an answer; past the deadline: without what
  // would still have to be fetched.
  [[nodiscard]] engine::Task<StsAnswer> find(std::string domain, engine::Until until);

  // What is kept of a domain, in force or expired; nothing is fetched, nor noted as used.
  [[nodiscard]] engine::Task<std::optional<KeptStsPolicy>> kept(std::string domain);

  // Switched off, find() knows of no policy, and nothing is fetched; what is kept stays.
  void set_enabled(bool enabled) { is_enabled_ = enabled; }

  // Renews what is in use ahead of its expiry, and forgets what has expired, until drain().
  // `is_ours`: of the shelf's domains, those whose home is this core.
  void start_refresher(std::function<bool(std::string_view domain)> is_ours);
  // Ends the refresher and what is being fetched.
  [[nodiscard]] engine::Task<void> drain();

  struct Counters {
    std::uint64_t found = 0;    // answers with a policy
    std::uint64_t fetched = 0;  // successful fetches
    std::uint64_t failed = 0;
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Known;
  struct Table;

  [[nodiscard]] std::shared_ptr<Known> known(const std::string& domain);
  [[nodiscard]] engine::Task<void> load(std::string domain, std::shared_ptr<Known> known);
  [[nodiscard]] StsAnswer answer(const Known& known);
  void touch(const std::string& domain, Known& known);
  [[nodiscard]] engine::Task<void> save(std::string domain, std::string octets,
                                        engine::Gate::Pass pass);
  void begin_fetch(const std::string& domain, std::shared_ptr<Known> known, std::string id);
  [[nodiscard]] engine::Task<void> fetch(std::string domain, std::shared_ptr<Known> known,
                                         std::string id, engine::Gate::Pass pass);
  [[nodiscard]] engine::Task<void> refresh(engine::Gate::Pass pass);
  [[nodiscard]] engine::Task<void> refresh_one(std::string domain);

  Doors doors_;
  StsSettings settings_;
  std::unique_ptr<Table> table_;
  std::function<bool(std::string_view)> is_ours_;
  bool is_enabled_ = true;
  engine::Semaphore fetches_;
  engine::Gate gate_;
  Counters counters_;
};

}  // namespace postrider::policy
