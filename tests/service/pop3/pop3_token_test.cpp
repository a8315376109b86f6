// Logins with access tokens (RFC 7628, RFC 5034).
#include "../../store/mailbox_fixture.hpp"
#include "../token_login.hpp"

#include <gtest/gtest.h>

#include <postrider/flow/credential_source.hpp>
#include <postrider/net/tls_certificate.hpp>
#include <postrider/service/pop3/pop3_service.hpp>

namespace postrider::pop3 {
namespace {

class Pop3Token : public testing::Test {
 public:
  Pop3Token() {
    for (const char* name : {"ada@example.org", "bob@example.org"}) {
      store::Account account;
      account.name = name;
      account.disabled = account.name.starts_with("bob");
      EXPECT_TRUE(world.twin.run(world.twin.accounts().save_account(account, true)));
    }
    issue_tokens(endpoint, "example.org");
    tokens.set(endpoint.settings);
    authenticator.set_tokens(&tokens);
    Pop3Settings settings;
    settings.rules.hostname = "mail.example.org";
    settings.rules.tokens = sasl::TokenHints{.scope = "mail"};
    service = std::make_unique<Pop3Service>(
        Pop3Doors{reactor, authenticator, world.boxes(), nullptr}, settings);
    address = *service->listen({.address = *SocketAddress::parse("127.0.0.1:0"),
                                .tls = flow::ListenerTls::implicit,
                                .context = *server_context});
  }
  ~Pop3Token() override {
    world.twin.simulation().run(service->stop(reactor.now() + std::chrono::seconds(1)));
    endpoint.stop();
    pass(std::chrono::seconds(1));
  }

  std::vector<std::string> say(std::vector<std::string> says) {
    std::vector<std::string> heard;
    TokenClient client(reactor, address);
    world.twin.simulation().run(client.converse(std::move(says), &heard));
    heard.erase(heard.begin());
    return heard;
  }
  void pass(Duration time) { world.twin.simulation().run_for(time); }

  store::MailWorld world;
  engine::Reactor& reactor = world.twin.reactor();
  flow::StoredCredentials credentials{world.twin.accounts()};
  policy::Authenticator authenticator{reactor, credentials, "secret", {.throttle = {}}};
  Result<net::TlsContext, net::TlsError> server_context = net::TlsContext::make_server(
      {.identity = *net::make_self_signed_identity({"mail.example.org"})});
  policy::TokenEndpoint endpoint{reactor};
  policy::TokenIntrospection tokens{endpoint.doors()};
  std::unique_ptr<Pop3Service> service;
  SocketAddress address;
};

const std::string refusal = R"({"status":"invalid_token","scope":"mail"})";

TEST_F(Pop3Token, LetsIn) {
  const auto heard =
      say({"AUTH OAUTHBEARER " + bearer("ada-token", "ada@example.org"), "STAT", "QUIT"});
  EXPECT_EQ(heard[0], "+OK 0 messages");
  EXPECT_EQ(heard[1], "+OK 0 0");
  const auto old = say({"AUTH XOAUTH2", xoauth2("ada-token", "ada@example.org")});
  EXPECT_EQ(old[0], "+ ");
  EXPECT_EQ(old[1], "+OK 0 messages");
}

TEST_F(Pop3Token, TellsWhyItIsRefused) {
  const auto heard = say({"AUTH OAUTHBEARER " + bearer("stale-token"), acknowledged,
                          "AUTH OAUTHBEARER " + bearer("ada-token", "bob@example.org"), "*"});
  EXPECT_EQ(heard[0], "+ " + encode_base64(refusal));
  EXPECT_TRUE(heard[1].starts_with("-ERR [AUTH] ")) << heard[1];
  EXPECT_EQ(heard[2], "+ " + encode_base64(refusal));
  EXPECT_TRUE(heard[3].starts_with("-ERR ")) << heard[3];
  const auto disabled = say({"AUTH OAUTHBEARER " + bearer("bob-token"), acknowledged, "STAT"});
  EXPECT_TRUE(disabled[1].starts_with("-ERR [AUTH] ")) << disabled[1];
  EXPECT_TRUE(disabled[2].starts_with("-ERR ")) << disabled[2];
}

TEST_F(Pop3Token, WhileNobodyCanTellItIsTemporary) {
  endpoint.answers->slowness = std::chrono::hours(1);
  const MonoTime before = reactor.now();
  const auto slow = say({"AUTH OAUTHBEARER " + bearer("ada-token")});
  EXPECT_TRUE(slow[0].starts_with("-ERR [SYS/TEMP] ")) << slow[0];
  EXPECT_LT(reactor.now() - before, std::chrono::seconds(4));
  endpoint.stop();
  pass(std::chrono::seconds(1));
  for (int i = 0; i < 5; ++i) {
    const auto down = say({"AUTH OAUTHBEARER " + bearer("ada-token")});
    EXPECT_TRUE(down[0].starts_with("-ERR [SYS/TEMP] ")) << down[0];
  }
  EXPECT_EQ(tokens.counters().not_asked, 1U);
}

}  // namespace
}  // namespace postrider::pop3
