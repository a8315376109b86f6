#pragma once

#include <cstdint>
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
#include <postrider/engine/cancel.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/policy/login_throttle.hpp>

namespace postrider::policy {

// What is kept of an account for logins.
struct Credentials {
  std::string name;  // canonical
  std::string tenant;
  std::string password_hash;           // PHC string; empty: no PLAIN or LOGIN
  std::optional<ScramVerifier> scram;  // nullopt: no SCRAM
  std::vector<std::string> send_as;
  bool disabled = false;
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
};

enum class LoginVerdict : std::uint8_t { accepted, rejected, disabled, throttled, temporary };
struct LoginOutcome {
  LoginVerdict verdict = LoginVerdict::temporary;
  Identity identity;  // when accepted
};

struct PasswordLogin {
  std::string authcid;   // after sasl::prepare
  std::string authzid;   // empty: the same
  std::string password;  // after sasl::prepare
  IpAddress peer;
};
struct ProofLogin {
  std::string authcid;
  std::string authzid;
  bool holds = false;
  IpAddress peer;
};

struct AuthenticatorSettings {
  LoginThrottleSettings throttle;
  Duration cache_ttl{std::chrono::seconds(60)};
  std::size_t cache_entries = 10'000;
  // What the hash of a user who does not exist costs: as much as those of accounts do.
  Argon2Cost unknown_cost;
};

// Decides about logins. A password is hashed (argon2id) on the offload pool, and what was right is
// remembered for cache_ttl under a keyed hash, as long as the account's stored hash is the same. An
// unknown user costs the same time, and gets the same made-up SCRAM salt at each try.
// Shard: one instance a core. In: `reactor` and `source` outlive it.
class Authenticator {
 public:
  // `server_secret`: of the store, the same on all cores and after a restart.
  Authenticator(engine::Reactor& reactor, CredentialSource& source, std::string server_secret,
                const AuthenticatorSettings& settings = {});
  ~Authenticator();

  // The peer waits as long as its failures ask (LoginThrottle).
  engine::Task<LoginOutcome> check_password(PasswordLogin login, engine::Until until);
  // Of an unknown user, or one without SCRAM: made up. nullopt: the store does not answer.
  engine::Task<std::optional<ScramVerifier>> find_verifier(std::string authcid);
  // After the exchange: whether its proof holds for find_verifier()'s answer.
  engine::Task<LoginOutcome> check_proof(ProofLogin login, engine::Until until);

  struct Counters {
    std::uint64_t accepted = 0, rejected = 0, throttled = 0, cache_hits = 0, hashed = 0;
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Cache;
  [[nodiscard]] bool is_remembered(const PasswordLogin& login, const Credentials& account);
  void remember(const PasswordLogin& login, const Credentials& account);
  [[nodiscard]] std::string key_of(const PasswordLogin& login) const;
  // Waits as long as the throttle wants; false: too many have been wrong. Each admission is ended
  // by throttle_.end().
  engine::Task<bool> admit(const std::string& authcid, IpAddress peer, engine::Until until);
  engine::Task<std::optional<bool>> verify(std::string phc, std::string password,
                                           engine::Until until);
  LoginOutcome conclude(bool right, std::string_view authcid, std::string_view authzid,
                        Result<Credentials, CredentialFailure> account);

  engine::Reactor& reactor_;
  CredentialSource& source_;
  std::string server_secret_;
  AuthenticatorSettings settings_;
  std::string cache_key_;  // random, of this process
  LoginThrottle throttle_;
  std::unique_ptr<Cache> cache_;
  Counters counters_;
};

}  // namespace postrider::policy
