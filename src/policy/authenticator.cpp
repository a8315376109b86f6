#include "lru_table.hpp"

#include <array>
#include <utility>

#include <postrider/base/hmac.hpp>
#include <postrider/base/password_hash.hpp>
#include <postrider/base/text.hpp>
#include <postrider/policy/authenticator.hpp>

namespace postrider::policy {

struct Authenticator::Cache {
  struct Entry {
    std::string password_hash;  // the account's, when it was right
    MonoTime expires{};
  };
  explicit Cache(std::size_t entries) : verified(entries) {}
  LruTable<std::string, Entry> verified;  // by the keyed hash of name and password
};

Authenticator::Authenticator(engine::Reactor& reactor, CredentialSource& source,
                             std::string server_secret, const AuthenticatorSettings& settings)
    : reactor_(reactor),
      source_(source),
      server_secret_(std::move(server_secret)),
      settings_(settings),
      throttle_(settings.throttle),
      cache_(std::make_unique<Cache>(settings.cache_entries)) {
  std::array<std::byte, 32> key;
  reactor_.random().fill(key);
  cache_key_.assign(reinterpret_cast<const char*>(key.data()), key.size());
}

Authenticator::~Authenticator() = default;

std::string Authenticator::key_of(const PasswordLogin& login) const {
  HmacSha256 hmac(cache_key_);
  hmac.update(to_lower(login.authcid));
  hmac.update(std::string_view("\0", 1));
  hmac.update(login.password);
  return std::string(hmac.finish().view());
}

bool Authenticator::is_remembered(const PasswordLogin& login, const Credentials& account) {
  const Cache::Entry* entry = cache_->verified.find(key_of(login));
  return entry != nullptr && entry->expires > reactor_.now() &&
         entry->password_hash == account.password_hash;
}

void Authenticator::remember(const PasswordLogin& login, const Credentials& account) {
  cache_->verified.obtain(key_of(login)) = {account.password_hash,
                                            reactor_.now() + settings_.cache_ttl};
}

// nullopt: the pool had no place in time.
engine::Task<std::optional<bool>> Authenticator::verify(std::string phc, std::string password,
                                                        engine::Until until) {
  ++counters_.hashed;
  // The pool works on its own copies, and shares only the answer: whoever drops this Task leaves
  // nothing behind that the work could touch.
  auto right = std::make_shared<bool>(false);
  const auto done = co_await reactor_.offload(
      [right, phc = std::move(phc), password = std::move(password),
       cost = settings_.unknown_cost]() mutable {
        if (phc.empty()) {
          spend_password_time(password, cost);
        } else {
          *right = verify_password(phc, password) == PasswordVerdict::match;
        }
        wipe(password.data(), password.size());
      },
      until);
  co_return done ? std::optional<bool>(*right) : std::nullopt;
}

engine::Task<bool> Authenticator::admit(const std::string& authcid, IpAddress peer,
                                        engine::Until until) {
  const auto delay = throttle_.begin(authcid, peer, reactor_.now());
  if (!delay) {
    ++counters_.throttled;
    co_return false;
  }
  if (*delay > Duration::zero()) {
    (void)co_await reactor_.sleep_for(*delay, until.cancel);  // a cancel shows in the next wait
  }
  co_return true;
}

engine::Task<LoginOutcome> Authenticator::check_password(PasswordLogin login, engine::Until until) {
  auto account = co_await source_.load(to_lower(login.authcid));
  if (!account && account.error() == CredentialFailure::unavailable) {
    co_return LoginOutcome{};
  }
  // Who was right a moment ago pays neither the hash nor for what others guess.
  if (account && is_remembered(login, *account)) {
    ++counters_.cache_hits;
    co_return conclude(true, login.authcid, login.authzid, std::move(account));
  }
  if (!co_await admit(login.authcid, login.peer, until)) {
    co_return LoginOutcome{LoginVerdict::throttled, {}};
  }
  const auto right =
      co_await verify(account ? account->password_hash : std::string(), login.password, until);
  using Outcome = LoginThrottle::Outcome;
  const Outcome outcome = !right ? Outcome::undecided : *right ? Outcome::right : Outcome::wrong;
  throttle_.end(login.authcid, login.peer, outcome, reactor_.now());
  if (!right) {
    co_return LoginOutcome{};
  }
  if (*right && account) {
    remember(login, *account);
  }
  wipe(login.password.data(), login.password.size());
  co_return conclude(*right, login.authcid, login.authzid, std::move(account));
}

engine::Task<std::optional<ScramVerifier>> Authenticator::find_verifier(std::string authcid) {
  const std::string name = to_lower(authcid);
  const auto account = co_await source_.load(name);
  if (!account && account.error() == CredentialFailure::unavailable) {
    co_return std::nullopt;
  }
  if (account && account->scram) {
    co_return account->scram;
  }
  co_return made_up_scram_verifier(name, server_secret_);
}

engine::Task<LoginOutcome> Authenticator::check_proof(ProofLogin login, engine::Until until) {
  auto account = co_await source_.load(to_lower(login.authcid));
  if (!account && account.error() == CredentialFailure::unavailable) {
    co_return LoginOutcome{};
  }
  if (!co_await admit(login.authcid, login.peer, until)) {
    co_return LoginOutcome{LoginVerdict::throttled, {}};
  }
  using Outcome = LoginThrottle::Outcome;
  const bool right = login.holds && account && account->scram;
  throttle_.end(login.authcid, login.peer, right ? Outcome::right : Outcome::wrong, reactor_.now());
  co_return conclude(right, login.authcid, login.authzid, std::move(account));
}

LoginOutcome Authenticator::conclude(bool right, std::string_view authcid, std::string_view authzid,
                                     Result<Credentials, CredentialFailure> account) {
  // Acting as somebody else (RFC 4616 2) is for nobody yet.
  const bool itself = authzid.empty() || equals_ignoring_case(authzid, authcid);
  if (!right || !account || !itself) {
    ++counters_.rejected;
    return {LoginVerdict::rejected, {}};
  }
  if (account->disabled) {
    ++counters_.rejected;
    return {LoginVerdict::disabled, {}};
  }
  ++counters_.accepted;
  return {LoginVerdict::accepted,
          {std::move(account->name), std::move(account->tenant), std::move(account->send_as)}};
}

}  // namespace postrider::policy
