#include "policy/circuit_breaker.hpp"
#include "token_endpoint.hpp"

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/base64.hpp>
#include <postrider/engine/simulation.hpp>
#include <postrider/policy/token_introspection.hpp>

namespace postrider::policy {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const WallTime now = from_unix_millis(1'000'000'000'000);  // 2001-09-09

std::string said(const Result<TokenFacts, TokenRefusal>& facts) {
  return facts ? "taken: " + facts->account
               : (facts.error().kind == TokenFailure::refused ? "refused" : "unavailable");
}

// RFC 7662 2.2.
TEST(TokenAnswer, NamesTheAccountOfAnActiveToken) {
  struct Row {
    const char* body;
    const char* outcome;
  };
  const Row rows[] = {
      {R"({"active":true,"username":"a@example.org"})", "taken: a@example.org"},
      {R"({"active":true,"username":"a@example.org","exp":1000000001})", "taken: a@example.org"},
      {R"({"active":true,"username":"a@example.org","exp":1e300})", "taken: a@example.org"},
      {R"({"active":true,"username":"a@example.org","exp":null})", "taken: a@example.org"},
      {R"({"active":true,"username":"a@example.org","exp":1000000000})", "refused"},
      {R"({"active":true,"username":"a@example.org","exp":1000000000.5})", "taken: a@example.org"},
      {R"({"active":true,"username":"a@example.org","exp":-5})", "refused"},
      {R"({"active":true,"username":"a@example.org","nbf":1000000001})", "refused"},
      {R"({"active":true,"username":"a@example.org","nbf":1000000000})", "taken: a@example.org"},
      {R"({"active":false})", "refused"},
      {R"({"active":false,"username":"a@example.org"})", "refused"},
      {R"({"active":true})", "refused"},
      {R"({"active":true,"username":""})", "refused"},
      {R"({"active":true,"username":17})", "refused"},
      {R"({"active":true,"username":["a@example.org"]})", "refused"},
      {R"({"active":true,"username":"a@example.org","cnf":{"jkt":"x"}})", "refused"},
      {R"({"active":"true","username":"a@example.org"})", "unavailable"},
      {R"({"active":1,"username":"a@example.org"})", "unavailable"},
      {R"({"username":"a@example.org"})", "unavailable"},
      {R"({"active":true,"username":"a@example.org","exp":"soon"})", "unavailable"},
      {R"(["active",true])", "unavailable"},
      {"true", "unavailable"},
      {"", "unavailable"},
      {"<html>", "unavailable"},
      {R"({"active":true,"username":"a@example.org")", "unavailable"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(said(read_introspection(row.body, {}, now)), row.outcome) << row.body;
  }
  EXPECT_EQ(read_introspection(R"({"active":true,"username":"a","exp":1000000060})", {}, now)
                ->expires.value(),
            now + minutes(1));
  EXPECT_EQ(said(read_introspection(std::string(60'000, '['), {}, now)), "unavailable");
}

TEST(TokenAnswer, HoldsWhatIsDemanded) {
  struct Row {
    TokenDemands demands;
    const char* body;
    const char* outcome;
  };
  const TokenDemands scopes{.scopes = {"mail", "imap"}};
  const TokenDemands audience{.audience = "mx"};
  const TokenDemands email{.account_member = "email"};
  const TokenDemands domain{.account_domain = "example.org"};
  const Row rows[] = {
      {scopes, R"({"active":true,"username":"a","scope":"imap x mail"})", "taken: a"},
      {scopes, R"({"active":true,"username":"a","scope":["mail","imap"]})", "taken: a"},
      {scopes, R"({"active":true,"username":"a","scope":"mail imaps"})", "refused"},
      {scopes, R"({"active":true,"username":"a","scope":["mail imap"]})", "refused"},
      {scopes, R"({"active":true,"username":"a","scope":5})", "refused"},
      {scopes, R"({"active":true,"username":"a"})", "refused"},
      {audience, R"({"active":true,"username":"a","aud":"mx"})", "taken: a"},
      {audience, R"({"active":true,"username":"a","aud":["web","mx"]})", "taken: a"},
      {audience, R"({"active":true,"username":"a","aud":"web mx"})", "refused"},
      {audience, R"({"active":true,"username":"a"})", "refused"},
      {email, R"({"active":true,"username":"a","email":"b"})", "taken: b"},
      {email, R"({"active":true,"email":"b","email_verified":true})", "taken: b"},
      {email, R"({"active":true,"email":"b","email_verified":"true"})", "taken: b"},
      {email, R"({"active":true,"email":"b","email_verified":false})", "refused"},
      {email, R"({"active":true,"email":"b","email_verified":"false"})", "refused"},
      {email, R"({"active":true,"email":"b","email_verified":null})", "refused"},
      {domain, R"({"active":true,"username":"a"})", "taken: a@example.org"},
      {domain, R"({"active":true,"username":"a@b"})", "taken: a@b"},
      {domain, R"({"active":true,"username":""})", "refused"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(said(read_introspection(row.body, row.demands, now)), row.outcome) << row.body;
  }
}

class TokenIntrospectionTest : public testing::Test {
 public:
  ~TokenIntrospectionTest() override { simulation_->kill_tasks(); }

 protected:
  TokenIntrospectionTest() : simulation_(engine::Simulation::create({.seed = 3})) {
    auto doors = endpoint_.doors();
    doors.on_turn = [this](const std::string& why) { turns.push_back(why); };
    introspection_.emplace(std::move(doors));
    introspection_->set(settings_);
  }

  Result<std::string, TokenRefusal> find(const std::string& token) {
    std::optional<Result<std::string, TokenRefusal>> out;
    simulation_->run(run_find(token, out));
    return std::move(*out);
  }
  engine::Task<void> run_find(std::string token,
                              std::optional<Result<std::string, TokenRefusal>>& out) {
    out.emplace(
        co_await introspection_->find_account(std::move(token), {reactor_.now() + seconds(60)}));
  }
  engine::Task<void> run_sleep(Duration duration) {
    (void)co_await reactor_.sleep_for(duration, {});
  }
  void sleep(Duration duration) { simulation_->run(run_sleep(duration)); }
  std::string exp_in(Duration duration) {
    const auto at = unix_millis(reactor_.wall_now() + duration) / 1000;
    return R"({"active":true,"username":"a@example.org","exp":)" + std::to_string(at) + "}";
  }

  std::unique_ptr<engine::Simulation> simulation_;
  engine::Reactor& reactor_ = simulation_->reactor(0);
  TokenEndpoint endpoint_{reactor_};
  TableResolver& resolver_ = endpoint_.resolver;
  std::optional<TokenIntrospection> introspection_;
  IntrospectionSettings& settings_ = endpoint_.settings;
  std::string& body = endpoint_.answers->body;
  std::uint16_t& status = endpoint_.answers->status;
  Duration& slowness = endpoint_.answers->slowness;
  std::vector<std::string>& bodies = endpoint_.answers->bodies;
  std::vector<std::string>& authorizations = endpoint_.answers->authorizations;
  std::vector<std::string> turns;
};

// RFC 7662 2.1, RFC 6749 2.3.1.
TEST_F(TokenIntrospectionTest, AsksAsTheClientThatItIs) {
  const auto found = find("a+b/c=");
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(*found, "a@example.org");
  EXPECT_EQ(bodies.at(0), "token=a%2Bb%2Fc%3D&token_type_hint=access_token");
  EXPECT_EQ(authorizations.at(0), "Basic " + encode_base64("mail:s%3Acret%2F"));
  settings_.client_id.clear();
  introspection_->set(settings_);
  EXPECT_TRUE(find("t"));
  EXPECT_EQ(authorizations.at(1), "Bearer s:cret/");
}

TEST_F(TokenIntrospectionTest, RemembersAYesForAWhileAndNeverBeyondItsEnd) {
  EXPECT_EQ(introspection_->recall("t"), "");
  ASSERT_TRUE(find("t"));
  EXPECT_EQ(introspection_->recall("t"), "a@example.org");
  EXPECT_EQ(introspection_->recall("T"), "");
  sleep(seconds(61));
  EXPECT_EQ(introspection_->recall("t"), "");
  body = exp_in(seconds(20));
  ASSERT_TRUE(find("short"));
  sleep(seconds(10));
  EXPECT_EQ(introspection_->recall("short"), "a@example.org");
  sleep(seconds(11));
  EXPECT_EQ(introspection_->recall("short"), "");
  EXPECT_EQ(find("short").error().kind, TokenFailure::refused);
  ASSERT_EQ(introspection_->counters().refused, 1U);
  body = R"({"active":false})";
  EXPECT_EQ(find("no").error().kind, TokenFailure::refused);
  EXPECT_EQ(introspection_->recall("no"), "");
  settings_.cache_ttl = {};
  introspection_->set(settings_);
  body = exp_in(seconds(500));
  ASSERT_TRUE(find("t"));
  EXPECT_EQ(introspection_->recall("t"), "");
}

TEST_F(TokenIntrospectionTest, OtherSettingsForgetWhatTheOldOnesTook) {
  ASSERT_TRUE(find("t"));
  introspection_->set(settings_);
  EXPECT_EQ(introspection_->recall("t"), "a@example.org");
  settings_.demands.scopes = {"mail"};
  introspection_->set(settings_);
  EXPECT_EQ(introspection_->recall("t"), "");
  EXPECT_EQ(find("t").error().kind, TokenFailure::refused);
  introspection_->set(std::nullopt);
  EXPECT_EQ(find("t").error().kind, TokenFailure::unavailable);
}

// An endpoint that can't tell never says yes, nor no.
TEST_F(TokenIntrospectionTest, TroubleIsNoVerdict) {
  for (const std::uint16_t wrong :
       std::initializer_list<std::uint16_t>{401, 403, 404, 500, 503, 302, 204}) {
    status = wrong;
    introspection_->set(std::nullopt);  // what failed before counts no more
    introspection_->set(settings_);
    const auto found = find("to-ken.123");
    ASSERT_FALSE(found) << wrong;
    EXPECT_EQ(found.error().kind, TokenFailure::unavailable) << wrong;
    EXPECT_FALSE(found.error().text.contains("to-ken")) << found.error().text;
  }
  status = 200;
  body = std::string(introspection_limits::answer_octets + 1, ' ');
  EXPECT_EQ(find("t").error().kind, TokenFailure::unavailable);
  body = "garbage";
  EXPECT_EQ(find("t").error().kind, TokenFailure::unavailable);
  slowness = seconds(30);
  const MonoTime before = reactor_.now();
  EXPECT_EQ(find("t").error().kind, TokenFailure::unavailable);
  EXPECT_LE(reactor_.now() - before, seconds(12));
  slowness = {};
  resolver_.records.clear();
  EXPECT_EQ(find("t").error().kind, TokenFailure::unavailable);
  EXPECT_EQ(introspection_->recall("t"), "");
}

TEST_F(TokenIntrospectionTest, ACertificateOfSomebodyElseIsTrouble) {
  resolver_.address("other.example", "192.0.2.80");
  settings_.endpoint.host = "other.example";
  introspection_->set(settings_);
  EXPECT_EQ(find("t").error().kind, TokenFailure::unavailable);
  EXPECT_TRUE(bodies.empty());
  introspection_.emplace(TokenIntrospection::Doors{reactor_, resolver_, nullptr});
  introspection_->set(settings_);
  EXPECT_EQ(find("t").error().kind, TokenFailure::unavailable);
}

TEST_F(TokenIntrospectionTest, AsksForSoManyAtATime) {
  slowness = seconds(1);
  settings_.timeout = seconds(60);
  introspection_->set(settings_);
  std::vector<std::optional<Result<std::string, TokenRefusal>>> out(320);
  for (std::size_t i = 0; i < out.size(); ++i) {
    reactor_.spawn(run_find("t" + std::to_string(i), out[i]));
  }
  sleep(seconds(100));
  std::size_t taken = 0;
  for (const auto& one : out) {
    ASSERT_TRUE(one.has_value());
    taken += one->has_value() ? 1 : 0;
  }
  EXPECT_EQ(endpoint_.answers->most_at_once, introspection_limits::at_once);
  EXPECT_EQ(taken, introspection_limits::at_once + introspection_limits::waiting);
}

using std::chrono::milliseconds;

// So that nobody waits for who does not answer.
TEST_F(TokenIntrospectionTest, AnEndpointThatIsDownIsLeftAloneForAWhile) {
  endpoint_.stop();
  sleep(milliseconds(1));
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(turns.empty());
    EXPECT_EQ(find("t").error().kind, TokenFailure::unavailable);
  }
  ASSERT_EQ(turns.size(), 1U);
  EXPECT_TRUE(turns[0].contains("can't be asked")) << turns[0];
  EXPECT_TRUE(introspection_->counters().is_down);
  EXPECT_EQ(introspection_->counters().last_failure, turns[0]);
  endpoint_.start();
  const MonoTime before = reactor_.now();
  const auto refused = find("t");
  EXPECT_EQ(refused.error().kind, TokenFailure::unavailable);
  EXPECT_TRUE(refused.error().text.contains("left alone")) << refused.error().text;
  EXPECT_EQ(reactor_.now(), before);
  EXPECT_TRUE(bodies.empty());
  EXPECT_EQ(introspection_->counters().not_asked, 1U);
  EXPECT_EQ(introspection_->counters().asked, 5U);
  // Whom it took before is still known.
  sleep(introspection_limits::pause_min);
  ASSERT_TRUE(find("t"));
  EXPECT_EQ(introspection_->recall("t"), "a@example.org");
  ASSERT_EQ(turns.size(), 2U);
  EXPECT_EQ(turns[1], "");
  EXPECT_FALSE(introspection_->counters().is_down);
  ASSERT_TRUE(find("u"));
  EXPECT_EQ(bodies.size(), 2U);
}

TEST_F(TokenIntrospectionTest, OneAtATimeSeesWhetherASlowOneAnswersAgain) {
  slowness = seconds(30);
  settings_.timeout = seconds(3);
  introspection_->set(settings_);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(find("t").error().kind, TokenFailure::unavailable);
  }
  sleep(introspection_limits::pause_min);
  ASSERT_EQ(bodies.size(), 5U);
  std::vector<std::optional<Result<std::string, TokenRefusal>>> out(4);
  for (auto& one : out) {
    reactor_.spawn(run_find("t", one));
  }
  sleep(seconds(1));
  EXPECT_EQ(bodies.size(), 6U);
  EXPECT_FALSE(out[0].has_value());
  for (std::size_t i = 1; i < out.size(); ++i) {
    ASSERT_TRUE(out[i].has_value());
    EXPECT_EQ(out[i]->error().kind, TokenFailure::unavailable);
  }
  sleep(seconds(3));  // the probe has failed: twice the pause
  ASSERT_TRUE(out[0].has_value());
  sleep(introspection_limits::pause_min);
  EXPECT_EQ(find("t").error().kind, TokenFailure::unavailable);
  EXPECT_EQ(bodies.size(), 6U);
  slowness = {};
  sleep(introspection_limits::pause_min);
  EXPECT_TRUE(find("t"));
  EXPECT_EQ(turns.size(), 2U);
}

TEST_F(TokenIntrospectionTest, ANoIsAnAnswerToo) {
  body = R"({"active":false})";
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(find("t").error().kind, TokenFailure::refused);
  }
  status = 500;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(find("t").error().kind, TokenFailure::unavailable);
  }
  status = 200;
  EXPECT_EQ(find("t").error().kind, TokenFailure::refused);
  status = 500;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(find("t").error().kind, TokenFailure::unavailable);
  }
  EXPECT_TRUE(turns.empty());
  EXPECT_EQ(bodies.size(), 29U);
}

TEST_F(TokenIntrospectionTest, AnotherEndpointBeginsAnew) {
  status = 503;
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(find("t").error().kind, TokenFailure::unavailable);
  }
  EXPECT_EQ(bodies.size(), 5U);
  status = 200;
  settings_.client_id = "other";
  introspection_->set(settings_);
  EXPECT_FALSE(introspection_->counters().is_down);
  EXPECT_TRUE(find("t"));
}

// The pause grows to a bound, and what began before the turn changes nothing.
TEST(CircuitBreaker, DoublesItsPauseUpToABound) {
  CircuitBreaker breaker({.failures = 2, .pause_min = seconds(1), .pause_max = seconds(4)});
  MonoTime at{};
  EXPECT_TRUE(breaker.begin(at));
  EXPECT_EQ(breaker.on_failure(at), CircuitBreaker::Turn::none);
  EXPECT_TRUE(breaker.begin(at));
  EXPECT_TRUE(breaker.begin(at));
  EXPECT_EQ(breaker.on_failure(at), CircuitBreaker::Turn::opened);
  EXPECT_EQ(breaker.on_failure(at), CircuitBreaker::Turn::none);
  EXPECT_FALSE(breaker.begin(at + milliseconds(999)));
  for (const auto pause : {seconds(1), seconds(2), seconds(4), seconds(4)}) {
    EXPECT_TRUE(breaker.is_closed_to(at + pause - milliseconds(1)));
    at += pause;
    EXPECT_TRUE(breaker.begin(at));
    EXPECT_FALSE(breaker.begin(at));
    EXPECT_EQ(breaker.on_failure(at), CircuitBreaker::Turn::none);
  }
  EXPECT_EQ(breaker.on_answer(), CircuitBreaker::Turn::closed);
  EXPECT_EQ(breaker.on_answer(), CircuitBreaker::Turn::none);
  EXPECT_FALSE(breaker.is_open());
}

}  // namespace
}  // namespace postrider::policy
