// Logins with access tokens (RFC 7628, RFC 4954).
#include "../token_login.hpp"
#include "service_fixture.hpp"

#include <postrider/net/tls_certificate.hpp>

namespace postrider::smtp {
namespace {

class SmtpToken : public SmtpServiceTest {
 protected:
  SmtpToken() {
    simulation->run(add_accounts());
    issue_tokens(endpoint, "example.org");
    tokens.set(endpoint.settings);
    authenticator.set_tokens(&tokens);
    settings.rules.tokens = sasl::TokenHints{.scope = "mail"};
    address = start(
        {.door = flow::Door::submission, .tls = ListenerTls::implicit, .context = *server_context});
  }
  ~SmtpToken() override {
    endpoint.stop();
    simulation->run_for(std::chrono::seconds(1));
  }

  engine::Task<void> add_accounts() {
    for (const char* name : {"ada@example.org", "bob@example.org"}) {
      store::Account account;
      account.name = name;
      account.tenant = "acme";
      account.disabled = account.name.starts_with("bob");
      EXPECT_TRUE((co_await store->accounts(0).save_account(account, true)).has_value());
    }
  }

  // The answers, without the greeting and EHLO's.
  std::vector<std::string> say(std::vector<std::string> says) {
    std::vector<std::string> heard;
    TokenClient client(reactor, address);
    says.insert(says.begin(), "EHLO c");
    simulation->run(client.converse(std::move(says), &heard));
    heard.erase(heard.begin(), heard.begin() + 2);
    return heard;
  }

  Result<net::TlsContext, net::TlsError> server_context = net::TlsContext::make_server(
      {.identity = *net::make_self_signed_identity({"mail.example.org"})});
  policy::TokenEndpoint endpoint{reactor};
  policy::TokenIntrospection tokens{endpoint.doors()};
  SocketAddress address;
};

const std::string refusal = R"({"status":"invalid_token","scope":"mail"})";

TEST_F(SmtpToken, LetsInAsWhoItIsOf) {
  const auto heard = say({"AUTH OAUTHBEARER " + bearer("ada-token"), "MAIL FROM:<ada@example.org>",
                          "RCPT TO:<x@far.example>", "DATA",
                          "From: ada@example.org\r\nSubject: hi\r\n\r\nx\r\n."});
  EXPECT_TRUE(heard[0].starts_with("235 2.7.0 ")) << heard[0];
  EXPECT_TRUE(heard[4].starts_with("250 ")) << heard[4];
  ASSERT_EQ(feed.entries.size(), 1U);
  const auto old = say({"AUTH XOAUTH2", xoauth2("ada-token", "ada@example.org")});
  EXPECT_EQ(old[0], "334 ");
  EXPECT_TRUE(old[1].starts_with("235 2.7.0 ")) << old[1];
}

TEST_F(SmtpToken, TellsWhyItIsRefused) {
  const auto heard = say({"AUTH OAUTHBEARER " + bearer("stale-token"), acknowledged,
                          "AUTH OAUTHBEARER " + bearer("ada-token", "bob@example.org"), "*",
                          "MAIL FROM:<ada@example.org>"});
  EXPECT_EQ(heard[0], "334 " + encode_base64(refusal));
  EXPECT_TRUE(heard[1].starts_with("535 5.7.8 ")) << heard[1];
  EXPECT_EQ(heard[2], "334 " + encode_base64(refusal));
  EXPECT_TRUE(heard[3].starts_with("501 ")) << heard[3];
  EXPECT_TRUE(heard[4].starts_with("530 ")) << heard[4];
  const auto disabled = say({"AUTH OAUTHBEARER " + bearer("bob-token"), acknowledged});
  EXPECT_TRUE(disabled[1].starts_with("5")) << disabled[1];
  for (const flow::Event& event : events.events) {
    EXPECT_FALSE(event.text.contains("-token")) << event.text;
  }
}

TEST_F(SmtpToken, WhileNobodyCanTellItIsTemporary) {
  endpoint.answers->slowness = std::chrono::hours(1);
  const MonoTime before = reactor.now();
  EXPECT_TRUE(say({"AUTH OAUTHBEARER " + bearer("ada-token")})[0].starts_with("454 4.7.0 "));
  EXPECT_LT(reactor.now() - before, std::chrono::seconds(4));
  endpoint.stop();
  simulation->run_for(std::chrono::seconds(1));
  for (int i = 0; i < 5; ++i) {
    const auto down = say({"AUTH OAUTHBEARER " + bearer("ada-token")});
    EXPECT_TRUE(down[0].starts_with("454 4.7.0 ")) << down[0];
  }
  EXPECT_EQ(tokens.counters().not_asked, 1U);
}

}  // namespace
}  // namespace postrider::smtp
