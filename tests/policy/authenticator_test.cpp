#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>

#include <postrider/base/password_hash.hpp>
#include <postrider/engine/simulation.hpp>
#include <postrider/policy/authenticator.hpp>
#include <postrider/policy/send_as.hpp>

namespace postrider::policy {
namespace {

constexpr Argon2Cost cheap{.memory_kib = 64, .passes = 1, .lanes = 1};

class FakeSource final : public CredentialSource {
 public:
  engine::Task<Result<Credentials, CredentialFailure>> load(std::string name) override {
    if (down) {
      co_return failure(CredentialFailure::unavailable);
    }
    const auto at = accounts.find(name);
    if (at == accounts.end()) {
      co_return failure(CredentialFailure::unknown);
    }
    co_return at->second;
  }
  std::map<std::string, Credentials> accounts;
  bool down = false;
};

class AuthenticatorTest : public testing::Test {
 protected:
  AuthenticatorTest() {
    SeededRandom random(1);
    Credentials user;
    user.name = "user@example.org";
    user.tenant = "acme";
    user.password_hash = hash_password("pencil", random, cheap);
    user.scram = derive_scram_sha256("pencil", "0123456789abcdef", 4096);
    user.send_as = {"sales@example.org"};
    source.accounts[user.name] = user;
    user.name = "off@example.org";
    user.disabled = true;
    source.accounts[user.name] = user;
    user.name = "scram@example.org";
    user.disabled = false;
    user.password_hash.clear();
    source.accounts[user.name] = user;
  }

  LoginOutcome login(const std::string& name, const std::string& password,
                     const std::string& authzid = "") {
    LoginOutcome out;
    simulation->run(run_login(&out, {name, authzid, password, peer}));
    return out;
  }
  engine::Task<void> run_login(LoginOutcome* out, PasswordLogin login) {
    *out = co_await authenticator.check_password(std::move(login), {});
  }
  engine::Task<void> run_counted(LoginOutcome* out, PasswordLogin login, std::size_t* ended) {
    co_await run_login(out, std::move(login));
    ++*ended;
  }
  LoginOutcome prove(const std::string& name, bool holds) {
    LoginOutcome out;
    simulation->run(run_prove(&out, {name, "", holds, peer}));
    return out;
  }
  engine::Task<void> run_prove(LoginOutcome* out, ProofLogin login) {
    *out = co_await authenticator.check_proof(std::move(login), {});
  }
  std::optional<ScramVerifier> verifier(const std::string& name) {
    std::optional<ScramVerifier> out;
    simulation->run(run_verifier(&out, name));
    return out;
  }
  engine::Task<void> run_verifier(std::optional<ScramVerifier>* out, std::string name) {
    *out = co_await authenticator.find_verifier(std::move(name));
  }
  MonoTime now() { return simulation->reactor(0).now(); }

  FakeSource source;
  std::unique_ptr<engine::Simulation> simulation = engine::Simulation::create({});
  Authenticator authenticator{simulation->reactor(0),
                              source,
                              "the server's secret",
                              {.throttle = {}, .unknown_cost = cheap}};
  IpAddress peer = *IpAddress::parse("192.0.2.1");
};

TEST_F(AuthenticatorTest, RightWrongUnknownDisabled) {
  const LoginOutcome right = login("User@Example.org", "pencil");
  EXPECT_EQ(right.verdict, LoginVerdict::accepted);
  EXPECT_EQ(right.identity.name, "user@example.org");
  EXPECT_EQ(right.identity.tenant, "acme");
  EXPECT_EQ(right.identity.send_as, (std::vector<std::string>{"sales@example.org"}));
  EXPECT_EQ(login("user@example.org", "pencil ").verdict, LoginVerdict::rejected);
  EXPECT_EQ(login("nobody@example.org", "pencil").verdict, LoginVerdict::rejected);
  EXPECT_EQ(login("scram@example.org", "pencil").verdict, LoginVerdict::rejected);
  EXPECT_EQ(login("off@example.org", "wrong").verdict, LoginVerdict::rejected);
  EXPECT_EQ(login("off@example.org", "pencil").verdict, LoginVerdict::disabled);
  source.down = true;
  EXPECT_EQ(login("user@example.org", "pencil").verdict, LoginVerdict::temporary);
}

TEST_F(AuthenticatorTest, NobodyActsAsAnother) {
  EXPECT_EQ(login("user@example.org", "pencil", "sales@example.org").verdict,
            LoginVerdict::rejected);
  EXPECT_EQ(login("user@example.org", "pencil", "USER@example.org").verdict,
            LoginVerdict::accepted);
}

TEST_F(AuthenticatorTest, RemembersWhatWasRightUntilItChangesOrExpires) {
  ASSERT_EQ(login("user@example.org", "pencil").verdict, LoginVerdict::accepted);
  EXPECT_EQ(authenticator.counters().hashed, 1U);
  EXPECT_EQ(login("user@example.org", "pencil").verdict, LoginVerdict::accepted);
  EXPECT_EQ(authenticator.counters().hashed, 1U);
  EXPECT_EQ(login("user@example.org", "wrong").verdict, LoginVerdict::rejected);
  EXPECT_EQ(authenticator.counters().hashed, 2U);

  SeededRandom random(2);
  source.accounts["user@example.org"].password_hash = hash_password("other", random, cheap);
  EXPECT_EQ(login("user@example.org", "pencil").verdict, LoginVerdict::rejected);
  EXPECT_EQ(login("user@example.org", "other").verdict, LoginVerdict::accepted);
  const auto hashed = authenticator.counters().hashed;
  simulation->run_for(std::chrono::seconds(61));
  EXPECT_EQ(login("user@example.org", "other").verdict, LoginVerdict::accepted);
  EXPECT_EQ(authenticator.counters().hashed, hashed + 1);

  source.accounts["user@example.org"].disabled = true;
  EXPECT_EQ(login("user@example.org", "other").verdict, LoginVerdict::disabled);
}

TEST_F(AuthenticatorTest, WhatOneCoreHasHashedAnotherKnows) {
  const auto core = [this](std::string cache_key) {
    return std::make_unique<Authenticator>(
        simulation->reactor(0), source, "the server's secret",
        AuthenticatorSettings{.unknown_cost = cheap, .cache_key = std::move(cache_key)});
  };
  const auto first = core("of this process");
  const auto second = core("of this process");
  const auto stranger = core("of another one");
  std::vector<VerifiedPassword> told;
  first->set_tell([&told](const VerifiedPassword& verified) { told.push_back(verified); });
  const auto log_in = [this](Authenticator& at, const std::string& password) {
    LoginOutcome out;
    simulation->run(
        [](Authenticator& at, PasswordLogin login, LoginOutcome& out) -> engine::Task<void> {
          out = co_await at.check_password(std::move(login), {});
        }(at, {"user@example.org", "", password, peer}, out));
    return out.verdict;
  };
  EXPECT_EQ(log_in(*first, "wrong"), LoginVerdict::rejected);
  EXPECT_TRUE(told.empty());
  ASSERT_EQ(log_in(*first, "pencil"), LoginVerdict::accepted);
  ASSERT_EQ(log_in(*first, "pencil"), LoginVerdict::accepted);
  ASSERT_EQ(told.size(), 1U);
  second->learn(told.front());
  stranger->learn(told.front());
  EXPECT_EQ(log_in(*second, "pencil"), LoginVerdict::accepted);
  EXPECT_EQ(second->counters().hashed, 0U);
  EXPECT_EQ(log_in(*second, "wrong"), LoginVerdict::rejected);
  EXPECT_EQ(log_in(*stranger, "pencil"), LoginVerdict::accepted);
  EXPECT_EQ(stranger->counters().hashed, 1U);
  // A password that has changed is not remembered anywhere.
  SeededRandom random(2);
  source.accounts["user@example.org"].password_hash = hash_password("other", random, cheap);
  EXPECT_EQ(log_in(*second, "pencil"), LoginVerdict::rejected);
}

TEST_F(AuthenticatorTest, ConnectionsThatComeTogetherCostOneHash) {
  const auto log_in_together = [this](const std::string& name, const std::string& password) {
    std::vector<LoginOutcome> outcomes(5);
    std::size_t ended = 0;
    for (LoginOutcome& out : outcomes) {
      simulation->reactor(0).spawn(run_counted(&out, {name, "", password, peer}, &ended));
    }
    simulation->run_for(std::chrono::seconds(1));
    EXPECT_EQ(ended, outcomes.size());
    std::set<LoginVerdict> verdicts;
    for (const LoginOutcome& out : outcomes) {
      verdicts.insert(out.verdict);
    }
    return verdicts;
  };
  EXPECT_EQ(log_in_together("user@example.org", "pencil"), std::set{LoginVerdict::accepted});
  EXPECT_EQ(authenticator.counters().hashed, 1U);
  EXPECT_EQ(authenticator.counters().cache_hits, 4U);
  // A wrong one is not remembered: what is guessed costs what it did.
  EXPECT_FALSE(log_in_together("user@example.org", "wrong").contains(LoginVerdict::accepted));
  EXPECT_GT(authenticator.counters().hashed, 2U);
}

TEST_F(AuthenticatorTest, AnUnknownUserIsHashedToo) {
  EXPECT_EQ(login("nobody@example.org", "x").verdict, LoginVerdict::rejected);
  EXPECT_EQ(authenticator.counters().hashed, 1U);
}

TEST_F(AuthenticatorTest, GuessesSlowDownAndThenAreRefused) {
  Duration longest{};
  int throttled = 0;
  for (int i = 0; i < 60; ++i) {
    const MonoTime begun = now();
    const LoginOutcome outcome = login("user" + std::to_string(i) + "@example.org", "guess");
    throttled += outcome.verdict == LoginVerdict::throttled ? 1 : 0;
    longest = std::max(longest, now() - begun);
  }
  EXPECT_GE(longest, std::chrono::seconds(7));
  EXPECT_LT(longest, std::chrono::seconds(10));
  EXPECT_GT(throttled, 0);
  EXPECT_LT(authenticator.counters().hashed, 60U);
  simulation->run_for(std::chrono::hours(1));
  EXPECT_EQ(login("user@example.org", "pencil").verdict, LoginVerdict::accepted);
}

TEST_F(AuthenticatorTest, ScramOfAnUnknownUserLooksLikeAnyOther) {
  const auto known = verifier("user@example.org");
  ASSERT_TRUE(known.has_value());
  EXPECT_EQ(known->salt, "0123456789abcdef");
  const auto made_up = verifier("nobody@example.org");
  ASSERT_TRUE(made_up.has_value());
  EXPECT_EQ(made_up->salt.size(), scram_salt_octets);
  EXPECT_EQ(verifier("Nobody@example.org"), made_up);
  EXPECT_NE(verifier("nobody2@example.org")->salt, made_up->salt);
  source.down = true;
  EXPECT_EQ(verifier("user@example.org"), std::nullopt);
}

TEST_F(AuthenticatorTest, ProofsDecide) {
  EXPECT_EQ(prove("user@example.org", true).verdict, LoginVerdict::accepted);
  EXPECT_EQ(prove("user@example.org", false).verdict, LoginVerdict::rejected);
  EXPECT_EQ(prove("off@example.org", true).verdict, LoginVerdict::disabled);
  EXPECT_EQ(prove("nobody@example.org", true).verdict, LoginVerdict::rejected);
}

TEST(LoginThrottle, NobodyLocksOutAnOwner) {
  LoginThrottle throttle({});
  const auto home = *IpAddress::parse("192.0.2.1");
  MonoTime now{std::chrono::hours(1)};
  using Outcome = LoginThrottle::Outcome;
  ASSERT_EQ(throttle.begin("owner", home, now), Duration::zero());
  throttle.end("owner", home, Outcome::right, now);
  for (int i = 0; i < 200; ++i) {  // guesses from everywhere
    const auto from = *IpAddress::parse("198.51.100." + std::to_string(i % 200 + 1));
    if (throttle.begin("owner", from, now)) {
      throttle.end("owner", from, Outcome::wrong, now);
    }
  }
  const auto stranger = *IpAddress::parse("203.0.113.9");
  EXPECT_EQ(throttle.begin("owner", stranger, now), LoginThrottleSettings{}.longest_delay);
  EXPECT_EQ(throttle.begin("owner", home, now), Duration::zero());
}

TEST(LoginThrottle, ManyConnectionsGuessNoFasterThanOne) {
  LoginThrottle throttle({});
  const auto from = *IpAddress::parse("192.0.2.1");
  const MonoTime now{std::chrono::hours(1)};
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(throttle.begin("a", from, now).has_value());
    throttle.end("a", from, LoginThrottle::Outcome::wrong, now);
  }
  int let_in = 0;
  for (int i = 0; i < 100; ++i) {  // at once
    let_in += throttle.begin("a", from, now).has_value() ? 1 : 0;
  }
  EXPECT_LE(let_in, 40);
}

TEST(LoginThrottle, OneSiteOfIpv6IsOneAddress) {
  LoginThrottle throttle({});
  const MonoTime now{std::chrono::hours(1)};
  for (int i = 0; i < 10; ++i) {
    const auto from = *IpAddress::parse("2001:db8:1:2::" + std::to_string(i + 1));
    (void)throttle.begin("user" + std::to_string(i), from, now);
    throttle.end("user" + std::to_string(i), from, LoginThrottle::Outcome::wrong, now);
  }
  EXPECT_GT(throttle.begin("x", *IpAddress::parse("2001:db8:1:2:ffff::"), now), Duration::zero());
  EXPECT_EQ(throttle.begin("x", *IpAddress::parse("2001:db8:1:3::1"), now), Duration::zero());
}

TEST(SendAs, Matrix) {
  const Identity user{
      "user@example.org", "acme", {"Sales@example.org", "@bulk.example", "info@bücher.example"}};
  for (const char* good :
       {"", "user@example.org", "USER@Example.ORG", "user+x@example.org", "sales@example.org",
        "anyone@bulk.example", "info@xn--bcher-kva.example", "info@bücher.example"}) {
    EXPECT_TRUE(may_send_as(user, good)) << good;
  }
  for (const char* bad :
       {"other@example.org", "sales+x@example.org", "user@example.com", "a@sub.bulk.example",
        "+user@example.org", "user", "\"user+x\"@example.org", "a@notbulk.example",
        "user@example.org.evil.example", "@bulk.example@evil.example"}) {
    EXPECT_FALSE(may_send_as(user, bad)) << bad;
  }
}

TEST(SendAs, AStarAllowsAnybody) {
  const Identity service{"relay@example.org", "example.org", {"*"}};
  EXPECT_TRUE(may_send_as(service, "anyone@elsewhere.example"));
}

}  // namespace
}  // namespace postrider::policy
