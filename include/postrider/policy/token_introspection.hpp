#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/base/time.hpp>
#include <postrider/codec/http/url.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/net/tls_context.hpp>
#include <postrider/policy/token_authority.hpp>

// Access tokens (RFC 6750) are looked up where they were issued (RFC 7662).
namespace postrider::policy {

// What a token must say for us to take it.
struct TokenDemands {
  std::string account_member = "username";  // of the answer, whose text is the account
  std::string account_domain;               // added to a name without one; empty: nothing
  std::vector<std::string> scopes;          // all of them
  std::string audience;                     // empty: any
  friend bool operator==(const TokenDemands&, const TokenDemands&) = default;
};

// What an active token was found to be.
struct TokenFacts {
  std::string account;
  std::optional<WallTime> expires;
};
// The answer of an endpoint (RFC 7662 2.2). Errors: `refused`, the token is not active or not for
// us; `unavailable`, it is no answer of an endpoint. A token that is bound to a key of its client
// (`cnf`, RFC 7800) is refused, since the mechanisms prove none; so is an `email` that the
// provider has not verified.
[[nodiscard]] Result<TokenFacts, TokenRefusal> read_introspection(std::string_view body,
                                                                  const TokenDemands& demands,
                                                                  WallTime now);

struct IntrospectionSettings {
  http::HttpsUrl endpoint;
  // RFC 7662 2.1: HTTP Basic with it and the secret (RFC 6749 2.3.1); empty: the secret is a bearer
  // token.
  std::string client_id;
  std::string secret;
  TokenDemands demands;
  Duration timeout{std::chrono::seconds(10)};
  Duration cache_ttl{std::chrono::minutes(1)};  // of a yes, and not beyond its end
  friend bool operator==(const IntrospectionSettings&, const IntrospectionSettings&) = default;
};

namespace introspection_limits {
inline constexpr std::size_t answer_octets = 64UL * 1024;
inline constexpr std::size_t kept = 10'000;   // tokens that were good a moment ago
inline constexpr std::uint64_t at_once = 16;  // requests on the way, a core
inline constexpr std::size_t waiting = 256;   // for one of these; then nobody can tell
// So many questions in a row without an answer, and none is asked for a while: everybody is told at
// once that nobody can tell. Then one at a time, each that fails doubling the while.
inline constexpr std::uint32_t failures_in_a_row = 5;
inline constexpr Duration pause_min = std::chrono::seconds(10);
inline constexpr Duration pause_max = std::chrono::minutes(2);
}  // namespace introspection_limits

// Asks the endpoint, by HTTPS only. One that does not answer is left alone for a while. What was
// good is remembered by its hash; what was not is asked again: it can become good, and who guesses
// is slowed down by the Authenticator. Shard: one instance a core. The references outlive it.
class TokenIntrospection final : public TokenAuthority {
 public:
  struct Doors {
    engine::Reactor& reactor;
    net::Resolver& resolver;
    const net::TlsContext* tls = nullptr;  // TlsVerify::require; nullptr: nobody is trusted
    // The endpoint has gone down (and why), or (an empty text) answers again.
    std::function<void(const std::string& why)> on_turn = {};
  };
  explicit TokenIntrospection(Doors doors);
  TokenIntrospection(const TokenIntrospection&) = delete;
  TokenIntrospection& operator=(const TokenIntrospection&) = delete;
  ~TokenIntrospection() override;

  // From the next question on; nullopt: no token is taken. What was remembered is forgotten if they
  // differ.
  void set(std::optional<IntrospectionSettings> settings);

  [[nodiscard]] std::string recall(const std::string& token) override;
  [[nodiscard]] engine::Task<Result<std::string, TokenRefusal>> find_account(
      std::string token, engine::Until until) override;

  struct Counters {
    std::uint64_t asked = 0, taken = 0, refused = 0, failed = 0, cache_hits = 0;
    std::uint64_t not_asked = 0;  // of `failed`: since the endpoint is down
    bool is_down = false;
    std::string last_failure;
    // Those of another core: down is what one of them calls so.
    void add(const Counters& other) {
      asked += other.asked;
      taken += other.taken;
      refused += other.refused;
      failed += other.failed;
      cache_hits += other.cache_hits;
      not_asked += other.not_asked;
      is_down = is_down || other.is_down;
      if (!other.last_failure.empty()) {
        last_failure = other.last_failure;
      }
    }
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] bool has_endpoint() const { return settings_ != nullptr; }

 private:
  struct Cache;
  struct Health;
  [[nodiscard]] engine::Task<Result<TokenFacts, TokenRefusal>> ask(
      std::shared_ptr<const IntrospectionSettings> settings, std::string token,
      engine::Until until);
  [[nodiscard]] engine::Task<Result<TokenFacts, TokenRefusal>> exchange(
      std::shared_ptr<const IntrospectionSettings> settings, std::string token,
      engine::Until until);
  void note(const IntrospectionSettings* asked, const Result<TokenFacts, TokenRefusal>& facts);

  Doors doors_;
  // Shared with the requests on the way: a reload may replace them meanwhile.
  std::shared_ptr<const IntrospectionSettings> settings_;
  std::unique_ptr<Cache> cache_;
  std::unique_ptr<Health> health_;  // of the endpoint that is set
  engine::Semaphore places_;
  std::size_t waiting_ = 0;
  Counters counters_;
};

}  // namespace postrider::policy
