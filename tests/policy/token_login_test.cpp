#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>

#include <postrider/engine/simulation.hpp>
#include <postrider/policy/authenticator.hpp>

namespace postrider::policy {
namespace {

using std::chrono::seconds;

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

class FakeAuthority final : public TokenAuthority {
 public:
  std::string recall(const std::string& token) override { return known[token]; }
  engine::Task<Result<std::string, TokenRefusal>> find_account(std::string token,
                                                               engine::Until /*until*/) override {
    ++asked;
    if (token == "down") {
      co_return failure(TokenRefusal{TokenFailure::unavailable, "nobody answers"});
    }
    if (!accounts.contains(token)) {
      co_return failure(TokenRefusal{TokenFailure::refused, "the token is not active"});
    }
    co_return accounts[token];
  }
  std::map<std::string, std::string> known;
  std::map<std::string, std::string> accounts;
  int asked = 0;
};

class TokenLoginTest : public testing::Test {
 protected:
  TokenLoginTest() {
    Credentials user;
    user.name = "user@example.org";
    user.tenant = "acme";
    source_.accounts[user.name] = user;
    user.name = "off@example.org";
    user.disabled = true;
    source_.accounts[user.name] = user;
    user.name = "sender@example.org";
    user.disabled = false;
    user.scopes = static_cast<std::uint8_t>(Scope::smtp);
    source_.accounts[user.name] = user;
    authority_.accounts = {{"good", "User@Example.org"},
                           {"off", "off@example.org"},
                           {"sender", "sender@example.org"},
                           {"stranger", "stranger@example.org"}};
    authenticator_.set_tokens(&authority_);
  }
  LoginOutcome log_in(const std::string& token, const std::string& authzid = "") {
    LoginOutcome out;
    simulation_->run(run(token, authzid, out));
    return out;
  }
  engine::Task<void> run(std::string token, std::string authzid, LoginOutcome& out) {
    out = co_await authenticator_.check_token(
        {std::move(token), std::move(authzid), peer_, Scope::imap}, {});
  }

  FakeSource source_;
  FakeAuthority authority_;
  std::unique_ptr<engine::Simulation> simulation_ = engine::Simulation::create({});
  Authenticator authenticator_{simulation_->reactor(0), source_, "the server's secret"};
  IpAddress peer_ = *IpAddress::parse("192.0.2.1");
};

TEST_F(TokenLoginTest, TheAccountMustExistAndBeWhoWasNamed) {
  const LoginOutcome good = log_in("good");
  EXPECT_EQ(good.verdict, LoginVerdict::accepted);
  EXPECT_EQ(good.identity.name, "user@example.org");
  EXPECT_EQ(good.identity.tenant, "acme");
  EXPECT_EQ(log_in("good", "user@EXAMPLE.org").verdict, LoginVerdict::accepted);
  const LoginOutcome other = log_in("good", "sender@example.org");
  EXPECT_EQ(other.verdict, LoginVerdict::rejected);
  EXPECT_EQ(other.why, "the token is not of who was named");
  EXPECT_EQ(log_in("stranger").verdict, LoginVerdict::rejected);
  EXPECT_EQ(log_in("off").verdict, LoginVerdict::disabled);
  const LoginOutcome scope = log_in("sender");
  EXPECT_EQ(scope.verdict, LoginVerdict::rejected);
  EXPECT_TRUE(scope.out_of_scope);
}

TEST_F(TokenLoginTest, WhoCantTellDecidesNothing) {
  const LoginOutcome down = log_in("down", "user@example.org");
  EXPECT_EQ(down.verdict, LoginVerdict::temporary);
  EXPECT_EQ(down.why, "nobody answers");
  EXPECT_EQ(down.name, "user@example.org");
  source_.down = true;
  EXPECT_EQ(log_in("good").verdict, LoginVerdict::temporary);
  source_.down = false;
  authenticator_.set_tokens(nullptr);
  EXPECT_EQ(log_in("good").verdict, LoginVerdict::temporary);
}

TEST_F(TokenLoginTest, GuessesSlowDownAndAreRefused) {
  engine::Reactor& reactor = simulation_->reactor(0);
  MonoTime before = reactor.now();
  EXPECT_EQ(log_in("good").verdict, LoginVerdict::accepted);
  EXPECT_LT(reactor.now() - before, std::chrono::milliseconds(100));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(log_in("guess").verdict, LoginVerdict::rejected);
  }
  before = reactor.now();
  EXPECT_EQ(log_in("guess").verdict, LoginVerdict::rejected);
  EXPECT_GT(reactor.now() - before, seconds(5));
  LoginOutcome last;
  for (int i = 0; i < 60 && last.verdict != LoginVerdict::throttled; ++i) {
    last = log_in("guess");
  }
  EXPECT_EQ(last.verdict, LoginVerdict::throttled);
  const int asked = authority_.asked;
  EXPECT_EQ(log_in("guess").verdict, LoginVerdict::throttled);
  EXPECT_EQ(authority_.asked, asked);
  // Who was right a moment ago does not pay for it.
  authority_.known["good"] = "user@example.org";
  before = reactor.now();
  EXPECT_EQ(log_in("good").verdict, LoginVerdict::accepted);
  EXPECT_EQ(reactor.now(), before);
}

TEST_F(TokenLoginTest, AnEndpointThatIsDownIsNobodysGuess) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(log_in("down").verdict, LoginVerdict::temporary);
  }
  EXPECT_EQ(log_in("good").verdict, LoginVerdict::accepted);
}

}  // namespace
}  // namespace postrider::policy
