// Logins with access tokens (RFC 7628), from the client's first octet to the endpoint that knows
// them.
#include "../token_login.hpp"
#include "imap_world.hpp"

#include <postrider/net/tls_certificate.hpp>

namespace postrider::imap {
namespace {

class ImapToken : public ImapWorld {
 public:
  ImapToken() {
    issue_tokens(endpoint, "example.org");
    tokens.set(endpoint.settings);
    authenticator.set_tokens(&tokens);
    auto bob = *run(world.twin.accounts().load_account("bob@example.org"));
    bob.disabled = true;
    EXPECT_TRUE(run(world.twin.accounts().save_account(bob, false)));
    settings.rules.hostname = "mail.example.org";
    settings.rules.tokens = sasl::TokenHints{.scope = "mail"};
    service = std::make_unique<ImapService>(
        ImapDoors{reactor(), authenticator, world.boxes(), nullptr, &events}, settings);
    address = *service->listen({.address = *SocketAddress::parse("127.0.0.1:0"),
                                .tls = flow::ListenerTls::implicit,
                                .context = *server_context});
  }
  ~ImapToken() override {
    endpoint.stop();
    pass(std::chrono::seconds(1));
  }

  // The answers, without the greeting.
  std::vector<std::string> say(std::vector<std::string> says) {
    std::vector<std::string> heard;
    TokenClient client(reactor(), address);
    world.twin.simulation().run(client.converse(std::move(says), &heard));
    heard.erase(heard.begin());
    return heard;
  }
  std::string log_in(const std::string& token) {
    return say({"a AUTHENTICATE OAUTHBEARER " + bearer(token)}).front();
  }
  void expect_nothing_of_tokens_in_the_log() {
    for (const flow::Event& event : events.events) {
      EXPECT_FALSE(event.text.contains("-token")) << event.text;
    }
  }

  Result<net::TlsContext, net::TlsError> server_context = net::TlsContext::make_server(
      {.identity = *net::make_self_signed_identity({"mail.example.org"})});
  policy::TokenEndpoint endpoint{reactor()};
  policy::TokenIntrospection tokens{endpoint.doors()};
};

const std::string refusal = R"({"status":"invalid_token","scope":"mail"})";

TEST_F(ImapToken, LetsIn) {
  const auto heard = say(
      {"a AUTHENTICATE OAUTHBEARER " + bearer("ada-token", "ada@example.org"), "b SELECT INBOX"});
  EXPECT_TRUE(heard[0].starts_with("a OK [CAPABILITY ")) << heard[0];
  EXPECT_TRUE(heard[1].starts_with("b OK [READ-WRITE]")) << heard[1];
  const auto old = say({"a AUTHENTICATE XOAUTH2", xoauth2("ada-token", "ada@example.org")});
  EXPECT_EQ(old[0], "+ ");
  EXPECT_TRUE(old[1].starts_with("a OK [CAPABILITY ")) << old[1];
  EXPECT_EQ(endpoint.answers->bodies.size(), 1U);  // it is remembered
  EXPECT_TRUE(events.events.empty());
}

// RFC 7628 3.2.2, 3.2.3: the error as JSON, the client's dummy answer, the refusal.
TEST_F(ImapToken, TellsWhyItIsRefused) {
  const auto heard =
      say({"a AUTHENTICATE OAUTHBEARER " + bearer("stale-token"), acknowledged,
           "b AUTHENTICATE XOAUTH2 " + xoauth2("stale-token", "ada@example.org"), ""});
  EXPECT_EQ(heard[0], "+ " + encode_base64(refusal));
  EXPECT_TRUE(heard[1].starts_with("a NO [AUTHENTICATIONFAILED] ")) << heard[1];
  EXPECT_EQ(heard[2],
            "+ " + encode_base64(R"({"status":"401","schemes":"bearer","scope":"mail"})"));
  EXPECT_TRUE(heard[3].starts_with("b NO [AUTHENTICATIONFAILED] ")) << heard[3];
  const auto broken_off = say({"c AUTHENTICATE OAUTHBEARER " + bearer("eve-token"), "*", "d NOOP"});
  EXPECT_TRUE(broken_off[1].starts_with("c BAD ")) << broken_off[1];
  EXPECT_TRUE(broken_off[2].starts_with("d OK ")) << broken_off[2];
  ASSERT_EQ(events.events.size(), 3U);
  EXPECT_TRUE(events.events[0].text.contains("not active")) << events.events[0].text;
  EXPECT_TRUE(events.events[2].text.contains("of no account here")) << events.events[2].text;
  expect_nothing_of_tokens_in_the_log();
}

TEST_F(ImapToken, OfAnotherAccountOrADisabledOneIsNoneHere) {
  const auto other =
      say({"a AUTHENTICATE OAUTHBEARER " + bearer("ada-token", "eve@example.org"), acknowledged});
  EXPECT_EQ(other[0], "+ " + encode_base64(refusal));
  EXPECT_TRUE(other[1].starts_with("a NO [AUTHENTICATIONFAILED] ")) << other[1];
  const auto disabled = say({"a AUTHENTICATE OAUTHBEARER " + bearer("bob-token"), acknowledged});
  EXPECT_TRUE(disabled[1].starts_with("a NO [CONTACTADMIN] ")) << disabled[1];
  ASSERT_EQ(events.events.size(), 2U);
  EXPECT_TRUE(events.events[0].text.contains("not of who was named")) << events.events[0].text;
  EXPECT_TRUE(events.events[1].text.contains("disabled")) << events.events[1].text;
}

TEST_F(ImapToken, WhileNobodyCanTellItIsTemporaryAndPasswordsWork) {
  endpoint.stop();
  pass(std::chrono::seconds(1));
  for (int i = 0; i < 6; ++i) {
    const std::string heard = log_in("ada-token");
    EXPECT_TRUE(heard.starts_with("a NO [UNAVAILABLE] ")) << heard;
  }
  EXPECT_EQ(tokens.counters().asked, 5U);  // then it is left alone
  EXPECT_EQ(tokens.counters().not_asked, 1U);
  EXPECT_TRUE(events.events.back().text.contains("left alone")) << events.events.back().text;
  EXPECT_TRUE(say({"a LOGIN ada@example.org pencil"})[0].starts_with("a OK "));
  endpoint.start();
  pass(policy::introspection_limits::pause_min);
  EXPECT_TRUE(log_in("ada-token").starts_with("a OK "));
}

TEST_F(ImapToken, WaitsForASlowEndpointAndNoLonger) {
  endpoint.answers->slowness = std::chrono::seconds(2);
  EXPECT_TRUE(log_in("ada-token").starts_with("a OK "));
  endpoint.answers->slowness = std::chrono::hours(1);
  const MonoTime before = reactor().now();
  EXPECT_TRUE(log_in("new-token").starts_with("a NO [UNAVAILABLE] "));
  EXPECT_LT(reactor().now() - before, std::chrono::seconds(4));
  EXPECT_TRUE(log_in("ada-token").starts_with("a OK "));  // it is remembered
}

}  // namespace
}  // namespace postrider::imap
