#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <variant>

#include <postrider/base/base64.hpp>
#include <postrider/base/random.hpp>
#include <postrider/codec/sasl/client_exchange.hpp>
#include <postrider/codec/sasl/line_exchange.hpp>
#include <postrider/codec/sasl/server_exchange.hpp>

namespace postrider::sasl {
namespace {

using Step = LineExchange::Step;

// Octets 01 are written as "|".
std::string octets(std::string text) {
  for (char& c : text) {
    c = c == '|' ? '\x01' : c;
  }
  return text;
}

struct Heard {
  std::optional<ServerFailure> failure;
  bool asks = false;  // what is wanted: a challenge at once
  std::string authzid;
  std::string token;
};

Heard hear(Mechanism mechanism, const std::string& message) {
  SeededRandom random(1);
  ServerExchange server({.mechanism = mechanism, .bindings = {}}, random);
  const std::string_view first = message;
  const ServerStep step = server.start(&first);
  Heard out;
  if (const auto* check = std::get_if<CheckToken>(&step)) {
    out.authzid = check->authzid;
    out.token = check->token;
  } else if (const auto* failed = std::get_if<ExchangeFailed>(&step)) {
    out.failure = failed->kind;
  } else {
    out.asks = std::holds_alternative<SendChallenge>(step);
  }
  return out;
}

// RFC 7628 3.1 and 4.1.
TEST(SaslToken, ReadsOauthbearer) {
  struct Row {
    const char* message;
    const char* authzid;
    const char* token;
  };
  const Row rows[] = {
      {"n,a=user@example.com,|host=server.example.com|port=143|auth=Bearer "
       "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==||",
       "user@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="},
      {"n,,|auth=Bearer a||", "", "a"},
      {"y,,|auth=bearer  a.b-c_d~e+f/g=||", "", "a.b-c_d~e+f/g="},
      {"n,a=x=2Cy=3Dz,|auth=BEARER a||", "x,y=z", "a"},
      {"n,,|AUTH=Bearer a|unknown=some thing||", "", "a"},
      {"n,,|mthd=|auth=Bearer a||", "", "a"},
  };
  for (const Row& row : rows) {
    const Heard heard = hear(Mechanism::oauthbearer, octets(row.message));
    EXPECT_FALSE(heard.failure) << row.message;
    EXPECT_EQ(heard.authzid, row.authzid) << row.message;
    EXPECT_EQ(heard.token, row.token) << row.message;
  }
}

TEST(SaslToken, RefusesWhatIsNoMessage) {
  const char* const malformed[] = {
      "",
      "|",
      "n",
      "n,,",
      "n,,|",
      "n,,auth=Bearer a||",
      "n,,|auth=Bearer a|",
      "n,,|auth=Bearer a",
      "n,,|auth=Bearer a|||",
      "n,,|auth=Bearer a||x",
      "n,,|auth=Bearer a|auth=Bearer b||",
      "n,,|auth=Bearer a,b||",
      "n,,|auth=Bearer a b||",
      "n,,|auth=Bearer =||",
      "n,,|auth=Bearer a=b||",
      "n,,|auth=Bearer a\x7f||",
      "n,,|=x|auth=Bearer a||",
      "n,,|ho-st=x|auth=Bearer a||",
      "n,,|host|auth=Bearer a||",
      "n,,|host=a\x02|auth=Bearer a||",
      "n,user@example.com,|auth=Bearer a||",
      "n,a=,|auth=Bearer a||",
      "n,a=x=zz,|auth=Bearer a||",
      "x,,|auth=Bearer a||",
      "F,n,,|auth=Bearer a||",
  };
  for (const char* message : malformed) {
    EXPECT_EQ(hear(Mechanism::oauthbearer, octets(message)).failure, ServerFailure::malformed)
        << message;
  }
  EXPECT_EQ(hear(Mechanism::oauthbearer, octets("p=tls-exporter,,|auth=Bearer a||")).failure,
            ServerFailure::channel_binding);
  const std::string with_nul = octets("n,,|host=a") + '\0' + octets("|auth=Bearer a||");
  EXPECT_EQ(hear(Mechanism::oauthbearer, with_nul).failure, ServerFailure::malformed);
}

// RFC 7628 3.2.2: who has no token, or another scheme, is told what is wanted.
TEST(SaslToken, TellsWhatIsWanted) {
  for (const char* message : {"n,,||", "n,,|auth=||", "n,,|auth=Bearer||", "n,,|auth=Bearer  ||",
                              "n,,|auth=Basic dXNlcjpw||"}) {
    EXPECT_TRUE(hear(Mechanism::oauthbearer, octets(message)).asks) << message;
  }
  EXPECT_TRUE(hear(Mechanism::xoauth2, octets("user=a|auth=||")).asks);
}

TEST(SaslToken, ReadsXoauth2) {
  const Heard heard = hear(Mechanism::xoauth2, octets("user=a@example.org|auth=Bearer ya29.x||"));
  EXPECT_EQ(heard.authzid, "a@example.org");
  EXPECT_EQ(heard.token, "ya29.x");
  for (const char* message :
       {"", "||", "|", "auth=Bearer a||", "user=|auth=Bearer a||", "user=a|user=b|auth=Bearer a||",
        "user=a|auth=Bearer a|", "n,,|user=a|auth=Bearer a||"}) {
    EXPECT_EQ(hear(Mechanism::xoauth2, octets(message)).failure, ServerFailure::malformed)
        << message;
  }
}

TEST(SaslToken, IsOfferedWhereSomebodyKnowsTokens) {
  EXPECT_EQ(list_mechanisms({}, " ", ""), " SCRAM-SHA-256 PLAIN LOGIN");
  EXPECT_EQ(list_mechanisms({.binding = true, .tokens = true}, " AUTH=", ""),
            " AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256 AUTH=PLAIN AUTH=LOGIN AUTH=OAUTHBEARER "
            "AUTH=XOAUTH2");
  EXPECT_FALSE(is_offered(Mechanism::xoauth2, {.binding = true, .tokens = false}));
  EXPECT_EQ(parse_mechanism("oauthBearer"), Mechanism::oauthbearer);
  EXPECT_EQ(parse_mechanism("XOAUTH2"), Mechanism::xoauth2);
}

LineExchange asked(Mechanism mechanism, const std::string& message) {
  SeededRandom random(1);
  LineExchange exchange({.mechanism = mechanism,
                         .bindings = {},
                         .plus_offered = false,
                         .token_hints = {"mail \"x\"", "https://login.example/c"}},
                        random);
  EXPECT_EQ(exchange.start(encode_base64(octets(message))), Step::ask);
  return exchange;
}

// RFC 7628 3.2.2 and 3.2.3.
TEST(SaslToken, ARefusalIsAChallengeWhoseAnswerMeansNothing) {
  for (const std::string answer : {"AQ==", "", "bm9uc2Vuc2U="}) {
    LineExchange exchange = asked(Mechanism::oauthbearer, "n,a=a,|auth=Bearer t||");
    EXPECT_EQ(exchange.request().token, "t");
    EXPECT_EQ(exchange.request().authzid, "a");
    ASSERT_TRUE(exchange.refuse(LoginVerdict::disabled));
    EXPECT_EQ(decode_base64(exchange.challenge()),
              R"({"status":"invalid_token","scope":"mail \"x\"",)"
              R"("openid-configuration":"https://login.example/c"})");
    EXPECT_EQ(exchange.on_line(answer), Step::concluded);
    EXPECT_EQ(exchange.verdict(), LoginVerdict::disabled);
  }
  LineExchange exchange = asked(Mechanism::xoauth2, "user=a|auth=Bearer t||");
  ASSERT_TRUE(exchange.refuse(LoginVerdict::rejected));
  EXPECT_EQ(decode_base64(exchange.challenge()),
            R"({"status":"401","schemes":"bearer","scope":"mail \"x\""})");
  EXPECT_EQ(exchange.on_line("*"), Step::cancelled);
}

TEST(SaslToken, OnlyAVerdictAboutTheTokenIsTold) {
  for (const LoginVerdict verdict :
       {LoginVerdict::temporary, LoginVerdict::throttled, LoginVerdict::too_many}) {
    LineExchange exchange = asked(Mechanism::oauthbearer, "n,,|auth=Bearer t||");
    EXPECT_FALSE(exchange.refuse(verdict));
  }
  SeededRandom random(1);
  LineExchange password({.mechanism = Mechanism::plain, .bindings = {}}, random);
  EXPECT_EQ(password.start(encode_base64(std::string("\0a\0b", 4))), Step::ask);
  EXPECT_FALSE(password.refuse(LoginVerdict::rejected));
}

TEST(SaslToken, OurClientHasNone) {
  SeededRandom random(1);
  ClientExchange client(Mechanism::oauthbearer, {"user", "pencil"}, {}, random);
  EXPECT_EQ(client.start().error(), ClientFailure::bad_credentials);
}

}  // namespace
}  // namespace postrider::sasl
