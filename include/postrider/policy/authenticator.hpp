#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/password_hash.hpp>
#include <postrider/base/result.hpp>
#include <postrider/base/scram_hash.hpp>
#include <postrider/base/time.hpp>
#include <postrider/codec/sasl/line_exchange.hpp>
#include <postrider/engine/cancel.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/policy/login_throttle.hpp>
#include <postrider/policy/scope.hpp>
#include <postrider/policy/token_authority.hpp>

namespace postrider::policy {

// A further password of an account (policy/app_password.hpp).
struct AppCredential {
  std::string password_hash;
  std::uint8_t scopes = every_scope;
};

// What is kept of an account for logins.
struct Credentials {
  std::string name;  // canonical
  std::string tenant;
  std::string password_hash;           // PHC string; empty: no PLAIN or LOGIN
  std::optional<ScramVerifier> scram;  // nullopt: no SCRAM
  std::vector<std::string> send_as;
  bool disabled = false;
  std::uint8_t scopes = every_scope;  // of the account's own password, by SCRAM too
  std::vector<AppCredential> app_passwords;
  std::uint64_t messages_per_hour = 0;  // 0: as the listener says
};
enum class CredentialFailure : std::uint8_t {
  unknown,      // no such account
  unavailable,  // the store does not answer: temporary
};
// Where accounts come from: the store stands behind it (flow/credential_source.hpp).
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  virtual engine::Task<Result<Credentials, CredentialFailure>> load(std::string name) = 0;
};

// Who somebody has proved to be.
struct Identity {
  std::string name;
  std::string tenant;
  std::vector<std::string> send_as;
  std::uint64_t messages_per_hour = 0;  // that it may send; 0: as the listener says
};

using sasl::LoginVerdict;
struct LoginOutcome {
  LoginVerdict verdict = LoginVerdict::temporary;
  Identity identity;  // when accepted
  // Rejected, though the password was right: it is not good for this protocol. For the log.
  bool out_of_scope = false;
  std::string name;  // whose a token was said to be
  std::string why;   // a token was refused, or could not be looked up. For the log.
};

struct PasswordLogin {
  std::string authcid;   // after sasl::prepare
  std::string authzid;   // empty: the same
  std::string password;  // after sasl::prepare
  IpAddress peer;
  Scope scope = Scope::smtp;
};
struct ProofLogin {
  std::string authcid;
  std::string authzid;
  bool holds = false;
  IpAddress peer;
  Scope scope = Scope::smtp;
};

struct TokenLogin {
  std::string token;    // RFC 6750 2.1
  std::string authzid;  // empty: whoever has the token
  IpAddress peer;
  Scope scope = Scope::smtp;
};

struct AuthenticatorSettings {
  LoginThrottleSettings throttle;
  Duration cache_ttl{std::chrono::seconds(60)};
  std::size_t cache_entries = 10'000;
  // What the hash of a user who does not exist costs: as much as those of accounts do.
  Argon2Cost unknown_cost;
  // Random, of this process, and the same on all cores that share what they know; empty: one of its
  // own.
  std::string cache_key;
};

// A password that was right, as one core tells it to the others.
struct VerifiedPassword {
  std::string key;            // name and password under the cache key
  std::string password_hash;  // that it fitted
  MonoTime expires{};
};

// Decides about logins. SCRAM knows the account's own password only: what a server sends first
// belongs to one password, and it doesn't know yet which one the client has. PLAIN and LOGIN take
// app passwords too. A password is hashed (argon2id) on the offload pool, once for all who show it
// meanwhile, and what was right is remembered for cache_ttl under a keyed hash, as long as the
// account's stored hash is the same. An
// unknown user costs the same time, and gets the same made-up SCRAM salt at each try.
// An access token counts for the account that its authority names, within the scopes of the
// account's own password; refused ones slow down like wrong passwords.
// Shard: one instance a core. In: `reactor` and `source` outlive it.
class Authenticator {
 public:
  // `server_secret`: of the store, the same on all cores and after a restart.
  Authenticator(engine::Reactor& reactor, CredentialSource& source, std::string server_secret,
                const AuthenticatorSettings& settings = {});
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;
  ~Authenticator();

  // The peer waits as long as its failures ask (LoginThrottle).
  engine::Task<LoginOutcome> check_password(PasswordLogin login, engine::Until until);
  // Of an unknown user, or one without SCRAM: made up. nullopt: the store does not answer.
  engine::Task<std::optional<ScramVerifier>> find_verifier(std::string authcid);
  // After the exchange: whether its proof holds for find_verifier()'s answer.
  engine::Task<LoginOutcome> check_proof(ProofLogin login, engine::Until until);

  // Called with each password that was hashed and right.
  using Tell = std::function<void(const VerifiedPassword&)>;
  void set_tell(Tell tell) { tell_ = std::move(tell); }
  // From a core with the same cache key: who was right there is known here.
  void learn(const VerifiedPassword& verified);

  // Knows whose tokens are; outlives this. Without it none is taken.
  void set_tokens(TokenAuthority* tokens) { tokens_ = tokens; }
  engine::Task<LoginOutcome> check_token(TokenLogin login, engine::Until until);

  struct Counters {
    std::uint64_t accepted = 0, rejected = 0, throttled = 0, cache_hits = 0, hashed = 0;
    void add(const Counters& other) {
      accepted += other.accepted;
      rejected += other.rejected;
      throttled += other.throttled;
      cache_hits += other.cache_hits;
      hashed += other.hashed;
    }
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Cache;
  // The hash that the password fitted.
  [[nodiscard]] std::optional<std::string> recall(const PasswordLogin& login);
  void remember(const PasswordLogin& login, std::string password_hash);
  [[nodiscard]] std::string key_of(const PasswordLogin& login) const;
  // Waits as long as the throttle wants; false: too many have been wrong. Each admission is ended
  // by throttle_.end().
  engine::Task<bool> admit(const std::string& authcid, IpAddress peer, engine::Until until);
  // The hash among `hashes` that the password fits, or an empty text; nullopt: the pool had no
  // place in time.
  engine::Task<std::optional<std::string>> verify(std::vector<std::string> hashes,
                                                  std::string password, engine::Until until);
  // `scopes`: of the password that was right; nullopt: none was.
  struct Claim {
    std::string_view authcid;
    std::string_view authzid;
    Scope scope{};
  };
  LoginOutcome conclude(std::optional<std::uint8_t> scopes, const Claim& claim,
                        Result<Credentials, CredentialFailure> account);

  engine::Reactor& reactor_;
  CredentialSource& source_;
  TokenAuthority* tokens_ = nullptr;
  Tell tell_;
  std::string server_secret_;
  AuthenticatorSettings settings_;
  LoginThrottle throttle_;
  std::unique_ptr<Cache> cache_;
  Counters counters_;
};

}  // namespace postrider::policy
