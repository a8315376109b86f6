#include "lru_table.hpp"

#include <algorithm>
#include <span>
#include <unordered_map>
#include <utility>

#include <postrider/base/hmac.hpp>
#include <postrider/base/password_hash.hpp>
#include <postrider/base/text.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/policy/app_password.hpp>
#include <postrider/policy/authenticator.hpp>

namespace postrider::policy {

namespace {

// What the password with this hash may be used for; nullopt: the account has it no more.
std::optional<std::uint8_t> scopes_of(const Credentials& account, std::string_view hash) {
  if (hash.empty()) {
    return std::nullopt;
  }
  if (hash == account.password_hash) {
    return account.scopes;
  }
  for (const AppCredential& each : account.app_passwords) {
    if (hash == each.password_hash) {
      return each.scopes;
    }
  }
  return std::nullopt;
}

// The account's own, and those of app passwords if this could be one.
std::vector<std::string> hashes_to_try(const Credentials& account, std::string_view password) {
  std::vector<std::string> hashes{account.password_hash};
  if (canonical_app_password(password)) {
    for (const AppCredential& each : account.app_passwords) {
      hashes.push_back(each.password_hash);
    }
  }
  return hashes;
}

}  // namespace

struct Authenticator::Cache {
  struct Entry {
    std::string password_hash;  // that it fitted
    MonoTime expires{};
  };
  // A password that is being hashed: who shows the same one meanwhile waits for the end.
  class Hashing {
   public:
    Hashing(Cache& cache, std::string key, engine::Reactor& reactor)
        : cache_(cache), key_(std::move(key)), ended_(std::make_shared<engine::Event>(reactor)) {
      is_first_ = cache_.hashing.emplace(key_, ended_).second;
    }
    Hashing(const Hashing&) = delete;
    Hashing& operator=(const Hashing&) = delete;
    ~Hashing() {
      if (is_first_) {
        cache_.hashing.erase(key_);
      }
      ended_->set();
    }

   private:
    Cache& cache_;
    std::string key_;
    std::shared_ptr<engine::Event> ended_;
    bool is_first_ = false;
  };
  explicit Cache(std::size_t entries) : verified(entries) {}
  LruTable<std::string, Entry> verified;  // by the keyed hash of name and password
  std::unordered_map<std::string, std::shared_ptr<engine::Event>> hashing;  // likewise
};

Authenticator::Authenticator(engine::Reactor& reactor, CredentialSource& source,
                             std::string server_secret, const AuthenticatorSettings& settings)
    : reactor_(reactor),
      source_(source),
      server_secret_(std::move(server_secret)),
      settings_(settings),
      throttle_(settings.throttle),
      cache_(std::make_unique<Cache>(settings.cache_entries)) {
  if (settings_.cache_key.empty()) {
    settings_.cache_key.resize(32);
    reactor_.random().fill(std::as_writable_bytes(std::span(settings_.cache_key)));
  }
}

Authenticator::~Authenticator() = default;

std::string Authenticator::key_of(const PasswordLogin& login) const {
  HmacSha256 hmac(settings_.cache_key);
  hmac.update(to_lower(login.authcid));
  hmac.update(std::string_view("\0", 1));
  hmac.update(login.password);
  return std::string(hmac.finish().view());
}

std::optional<std::string> Authenticator::recall(const PasswordLogin& login) {
  const Cache::Entry* entry = cache_->verified.find(key_of(login));
  return entry != nullptr && entry->expires > reactor_.now() ? std::optional(entry->password_hash)
                                                             : std::nullopt;
}

void Authenticator::remember(const PasswordLogin& login, std::string password_hash) {
  const VerifiedPassword verified{key_of(login), std::move(password_hash),
                                  reactor_.now() + settings_.cache_ttl};
  learn(verified);
  if (tell_) {
    tell_(verified);
  }
}

void Authenticator::learn(const VerifiedPassword& verified) {
  cache_->verified.obtain(verified.key) = {verified.password_hash, verified.expires};
}

engine::Task<std::optional<std::string>> Authenticator::verify(std::vector<std::string> hashes,
                                                               std::string password,
                                                               engine::Until until) {
  ++counters_.hashed;
  // The pool works on its own copies, and shares only the answer: whoever drops this Task leaves
  // nothing behind that the work could touch.
  auto fitting = std::make_shared<std::string>();
  const auto done = co_await reactor_.offload(
      [fitting, hashes = std::move(hashes), password = std::move(password),
       cost = settings_.unknown_cost]() mutable {
        auto app = canonical_app_password(password).value_or("");
        if (hashes.front().empty()) {
          spend_password_time(password, cost);
        }
        for (std::size_t i = 0; i < hashes.size() && fitting->empty(); ++i) {
          const std::string& tried = i == 0 ? password : app;
          if (!hashes[i].empty() && verify_password(hashes[i], tried) == PasswordVerdict::match) {
            *fitting = hashes[i];
          }
        }
        wipe(password.data(), password.size());
        wipe(app.data(), app.size());
      },
      until);
  co_return done ? std::optional<std::string>(*fitting) : std::nullopt;
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
  // Whether there is such an account or not: both take as long.
  if (const auto at = cache_->hashing.find(key_of(login)); at != cache_->hashing.end()) {
    const std::shared_ptr<engine::Event> ended = at->second;
    (void)co_await ended->wait(until);  // either way: what is remembered tells
  }
  auto account = co_await source_.load(to_lower(login.authcid));
  if (!account && account.error() == CredentialFailure::unavailable) {
    co_return LoginOutcome{};
  }
  const Claim claim{login.authcid, login.authzid, login.scope};
  // Who was right a moment ago pays neither the hash nor for what others guess.
  if (account) {
    if (const auto scopes = scopes_of(*account, recall(login).value_or(""))) {
      ++counters_.cache_hits;
      co_return conclude(scopes, claim, std::move(account));
    }
  }
  const Cache::Hashing hashing(*cache_, key_of(login), reactor_);
  if (!co_await admit(login.authcid, login.peer, until)) {
    co_return LoginOutcome{LoginVerdict::throttled, {}};
  }
  auto hashes = account ? hashes_to_try(*account, login.password) : std::vector<std::string>(1);
  auto fitting = co_await verify(std::move(hashes), login.password, until);
  using Outcome = LoginThrottle::Outcome;
  const bool right = fitting && !fitting->empty();
  throttle_.end(login.authcid, login.peer,
                !fitting ? Outcome::undecided
                : right  ? Outcome::right
                         : Outcome::wrong,
                reactor_.now());
  if (!fitting) {
    co_return LoginOutcome{};
  }
  std::optional<std::uint8_t> scopes;
  if (right && account) {
    scopes = scopes_of(*account, *fitting);
    remember(login, std::move(*fitting));
  }
  wipe(login.password.data(), login.password.size());
  co_return conclude(scopes, claim, std::move(account));
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
  const auto scopes = right ? std::optional(account->scopes) : std::nullopt;
  co_return conclude(scopes, {login.authcid, login.authzid, login.scope}, std::move(account));
}

engine::Task<LoginOutcome> Authenticator::check_token(TokenLogin login, engine::Until until) {
  if (tokens_ == nullptr) {
    co_return LoginOutcome{.why = "no token is taken here"};
  }
  std::string name = tokens_->recall(login.token);
  const bool is_known = !name.empty();
  // Before anybody has said whose it is, only what is claimed can be slowed down.
  const std::string claimed = login.authzid.empty() ? login.peer.text() : login.authzid;
  if (is_known) {
    ++counters_.cache_hits;
  } else if (!co_await admit(claimed, login.peer, until)) {
    co_return LoginOutcome{.verdict = LoginVerdict::throttled, .name = login.authzid};
  }
  using Outcome = LoginThrottle::Outcome;
  const auto end = [&](Outcome outcome) {
    if (!is_known) {
      throttle_.end(claimed, login.peer, outcome, reactor_.now());
    }
  };
  if (!is_known) {
    auto found = co_await tokens_->find_account(login.token, until);
    if (!found) {
      const bool is_guess = found.error().kind == TokenFailure::refused;
      end(is_guess ? Outcome::wrong : Outcome::undecided);
      counters_.rejected += is_guess ? 1 : 0;
      co_return LoginOutcome{.verdict = is_guess ? LoginVerdict::rejected : LoginVerdict::temporary,
                             .name = login.authzid,
                             .why = std::move(found.error().text)};
    }
    name = *std::move(found);
  }
  wipe(login.token.data(), login.token.size());
  auto account = co_await source_.load(to_lower(name));
  if (!account && account.error() == CredentialFailure::unavailable) {
    end(Outcome::undecided);
    co_return LoginOutcome{.name = std::move(name)};
  }
  const auto scopes = account ? std::optional(account->scopes) : std::nullopt;
  const bool exists = account.has_value();
  LoginOutcome outcome = conclude(scopes, {name, login.authzid, login.scope}, std::move(account));
  end(outcome.verdict == LoginVerdict::accepted ? Outcome::right : Outcome::wrong);
  if (outcome.verdict == LoginVerdict::rejected && !outcome.out_of_scope) {
    outcome.why = exists ? "the token is not of who was named" : "the token is of no account here";
  }
  outcome.name = std::move(name);
  co_return outcome;
}

LoginOutcome Authenticator::conclude(std::optional<std::uint8_t> scopes, const Claim& claim,
                                     Result<Credentials, CredentialFailure> account) {
  // Acting as somebody else (RFC 4616 2) is for nobody yet.
  const bool itself = claim.authzid.empty() || equals_ignoring_case(claim.authzid, claim.authcid);
  if (!scopes || !account || !itself) {
    ++counters_.rejected;
    return {LoginVerdict::rejected, {}};
  }
  if (account->disabled) {
    ++counters_.rejected;
    return {LoginVerdict::disabled, {}};
  }
  if (!allows(*scopes, claim.scope)) {
    ++counters_.rejected;
    return {.verdict = LoginVerdict::rejected, .identity = {}, .out_of_scope = true};
  }
  ++counters_.accepted;
  return {LoginVerdict::accepted,
          {std::move(account->name), std::move(account->tenant), std::move(account->send_as),
           account->messages_per_hour}};
}

}  // namespace postrider::policy
