// STARTTLS and implicit TLS, with what only they make possible.
#include "imap_world.hpp"

#include <postrider/base/base64.hpp>
#include <postrider/base/scram_hash.hpp>
#include <postrider/codec/sasl/client_exchange.hpp>
#include <postrider/net/connection.hpp>
#include <postrider/net/tls_session.hpp>

namespace postrider::imap {
namespace {

class ImapTls : public ImapWorld {
 public:
  ImapTls() {
    SeededRandom random(2);
    auto account = *run(world.twin.accounts().load_account("ada@example.org"));
    account.scram = derive_scram_sha256("pencil", "saltsaltsaltsalt", 4096);
    EXPECT_TRUE(run(world.twin.accounts().save_account(account, false)));
  }
  SocketAddress listen(flow::ListenerTls tls) {
    settings.rules.hostname = "mail.example.org";
    service = std::make_unique<ImapService>(
        ImapDoors{reactor(), authenticator, world.boxes(), nullptr, &events}, settings);
    return *service->listen(
        {.address = *SocketAddress::parse("127.0.0.1:0"), .tls = tls, .context = *server_context});
  }

  // A client over net::Connection, which can begin TLS.
  struct Client {
    net::Connection connection;
    std::string held;
  };
  engine::Until soon() { return {reactor().now() + std::chrono::minutes(30), {}}; }
  engine::Task<std::unique_ptr<Client>> connect(SocketAddress to) {
    auto stream = co_await reactor().connect({.to = to, .source = {}}, soon());
    co_return std::make_unique<Client>(net::Connection(reactor(), std::move(*stream)), "");
  }
  engine::Task<bool> secure(Client& client) {
    co_return (co_await client.connection.start_tls(*client_context, net::TlsRole::client,
                                                    "mail.example.org", soon()))
        .has_value();
  }
  engine::Task<std::string> line(Client& client) {
    std::size_t end = 0;
    while ((end = client.held.find("\r\n")) == std::string::npos) {
      const auto received = co_await client.connection.receive(soon());
      if (!received) {
        co_return "closed";
      }
      client.held += *received;
    }
    std::string out = client.held.substr(0, end);
    client.held.erase(0, end + 2);
    co_return out;
  }
  engine::Task<std::string> ask(Client& client, std::string command) {
    client.connection.write(command + "\r\n");
    (void)co_await client.connection.flush(soon());  // a broken connection shows in what is heard
    co_return co_await line(client);
  }

  engine::Task<void> run_starttls(SocketAddress to) {
    auto client = co_await connect(to);
    heard.push_back(co_await line(*client));
    heard.push_back(co_await ask(*client, "a LOGIN ada@example.org pencil"));
    heard.push_back(co_await ask(*client, "b STARTTLS"));
    EXPECT_TRUE(co_await secure(*client));
    heard.push_back(co_await ask(*client, "c CAPABILITY"));
    heard.push_back(co_await line(*client));
    heard.push_back(co_await ask(*client, "d LOGIN ada@example.org pencil"));
    heard.push_back(co_await ask(*client, "e STARTTLS"));
  }
  engine::Task<void> run_injection(SocketAddress to) {
    auto client = co_await connect(to);
    heard.push_back(co_await line(*client));
    heard.push_back(co_await ask(*client, "a STARTTLS\r\nb LOGIN ada@example.org pencil"));
    heard.push_back(co_await line(*client));
  }
  engine::Task<void> run_scram(SocketAddress to, sasl::Mechanism mechanism) {
    auto client = co_await connect(to);
    EXPECT_TRUE(co_await secure(*client));
    heard.push_back(co_await line(*client));
    sasl::ChannelBindings bindings;
    if (mechanism == sasl::Mechanism::scram_sha_256_plus) {
      bindings.tls_exporter = client->connection.tls()->channel_binding_exporter();
    }
    sasl::ClientExchange exchange(mechanism, {"ada@example.org", "pencil"}, bindings,
                                  reactor().random());
    std::string reply =
        co_await ask(*client, "a AUTHENTICATE " + std::string(sasl::name_of(mechanism)) + ' ' +
                                  encode_base64((*exchange.start()).value_or("")));
    while (reply.starts_with("+ ")) {
      const auto answer = exchange.respond(*decode_base64(reply.substr(2)));
      reply = co_await ask(*client, answer ? encode_base64(*answer) : "*");
    }
    EXPECT_TRUE(exchange.may_succeed());
    heard.push_back(reply);
  }

  Result<net::TlsContext, net::TlsError> server_context = net::TlsContext::make_server(
      {.identity = *net::make_self_signed_identity({"mail.example.org"})});
  Result<net::TlsContext, net::TlsError> client_context = net::TlsContext::make_client({});
  std::vector<std::string> heard;
};

TEST_F(ImapTls, PasswordsWaitForStarttls) {
  twin().simulation().run(run_starttls(listen(flow::ListenerTls::starttls)));
  ASSERT_EQ(heard.size(), 7U);
  EXPECT_TRUE(heard[0].contains(" STARTTLS LOGINDISABLED")) << heard[0];
  EXPECT_TRUE(heard[1].starts_with("a NO [PRIVACYREQUIRED]")) << heard[1];
  EXPECT_EQ(heard[2], "b OK Begin TLS negotiation now");
  EXPECT_TRUE(heard[3].contains(" AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-256 ")) << heard[3];
  EXPECT_FALSE(heard[3].contains("STARTTLS"));
  EXPECT_TRUE(heard[5].starts_with("d OK [CAPABILITY ")) << heard[5];
  EXPECT_TRUE(heard[6].starts_with("e BAD ")) << heard[6];
}

TEST_F(ImapTls, WhatIsPutBehindStarttlsEndsTheConnection) {
  twin().simulation().run(run_injection(listen(flow::ListenerTls::starttls)));
  ASSERT_EQ(heard.size(), 3U);
  EXPECT_EQ(heard[1], "* BYE STARTTLS is the last command of its group");
  EXPECT_EQ(heard[2], "closed");
}

TEST_F(ImapTls, ScramProvesBothSides) {
  twin().simulation().run(
      run_scram(listen(flow::ListenerTls::implicit), sasl::Mechanism::scram_sha_256));
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_TRUE(heard[1].starts_with("a OK [CAPABILITY ")) << heard[1];
}

TEST_F(ImapTls, ScramBindsTheChannel) {
  twin().simulation().run(
      run_scram(listen(flow::ListenerTls::implicit), sasl::Mechanism::scram_sha_256_plus));
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_TRUE(heard[1].starts_with("a OK [CAPABILITY ")) << heard[1];
}

}  // namespace
}  // namespace postrider::imap
