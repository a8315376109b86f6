// STARTTLS and implicit TLS, with what only they make possible.
#include "service_fixture.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/codec/sasl/client_exchange.hpp>
#include <postrider/net/connection.hpp>
#include <postrider/net/tls_session.hpp>

namespace postrider::smtp {
namespace {

// A client over net::Connection, which can begin TLS.
class TlsClient {
 public:
  TlsClient(engine::Reactor& reactor, std::unique_ptr<engine::Stream> stream,
            const net::TlsContext& context)
      : reactor_(reactor), connection_(reactor, std::move(stream)), context_(context) {}

  engine::Task<bool> secure() {
    const auto started =
        co_await connection_.start_tls(context_, net::TlsRole::client, "mail.example.org", soon());
    co_return started.has_value();
  }
  engine::Task<void> send(std::string octets) {
    connection_.write(octets);
    (void)co_await connection_.flush(soon());  // a broken connection shows in what is heard
  }
  engine::Task<std::string> hear() {
    while (true) {
      std::size_t at = 0;
      for (std::size_t end; (end = buffer_.find("\r\n", at)) != std::string::npos; at = end + 2) {
        if (end - at < 4 || buffer_[at + 3] != '-') {
          std::string reply = buffer_.substr(0, end);
          buffer_.erase(0, end + 2);
          co_return reply;
        }
      }
      const auto received = co_await connection_.receive(soon());
      if (!received) {
        co_return std::string();
      }
      buffer_ += *received;
    }
  }
  engine::Task<std::string> ask(std::string command) {
    co_await send(command + "\r\n");
    co_return co_await hear();
  }
  net::TlsSession& tls() { return *connection_.tls(); }

 private:
  engine::Until soon() { return {reactor_.now() + std::chrono::minutes(30), {}}; }
  engine::Reactor& reactor_;
  net::Connection connection_;
  const net::TlsContext& context_;
  std::string buffer_;
};

class SmtpServiceTlsTest : public SmtpServiceTest {
 protected:
  SocketAddress start_with(ListenerTls tls) {
    return start({.door = flow::Door::submission, .tls = tls, .context = *server_context});
  }
  engine::Task<std::unique_ptr<TlsClient>> connect(SocketAddress to) {
    auto stream = co_await reactor.connect({.to = to, .source = {}}, {});
    EXPECT_TRUE(stream.has_value());
    co_return std::make_unique<TlsClient>(reactor, std::move(*stream), *client_context);
  }

  Result<net::TlsContext, net::TlsError> server_context = net::TlsContext::make_server(
      {.identity = *net::make_self_signed_identity({"mail.example.org"})});
  Result<net::TlsContext, net::TlsError> client_context = net::TlsContext::make_client({});
  std::vector<std::string> heard;

  engine::Task<void> run_starttls(SocketAddress to) {
    auto client = co_await connect(to);
    heard.push_back(co_await client->hear());
    heard.push_back(co_await client->ask("EHLO c"));
    heard.push_back(co_await client->ask(login));
    heard.push_back(co_await client->ask("STARTTLS"));
    EXPECT_TRUE(co_await client->secure());
    heard.push_back(co_await client->ask(login));
    heard.push_back(co_await client->ask("EHLO c"));
    heard.push_back(co_await client->ask(login));
    for (const char* command : {"MAIL FROM:<user@example.org>", "RCPT TO:<a@b.example>", "DATA"}) {
      heard.push_back(co_await client->ask(command));
    }
    heard.push_back(co_await client->ask(message));
  }

  engine::Task<void> run_implicit(SocketAddress to, sasl::Mechanism mechanism) {
    auto client = co_await connect(to);
    EXPECT_TRUE(co_await client->secure());
    heard.push_back(co_await client->hear());
    heard.push_back(co_await client->ask("EHLO c"));
    sasl::ChannelBindings bindings;
    if (mechanism == sasl::Mechanism::scram_sha_256_plus) {
      bindings.tls_exporter = client->tls().channel_binding_exporter();
      EXPECT_TRUE(bindings.is_any());
    }
    sasl::ClientExchange exchange(mechanism, {"user@example.org", "pencil"}, bindings,
                                  reactor.random());
    std::string reply = co_await client->ask("AUTH " + std::string(sasl::name_of(mechanism)) + ' ' +
                                             encode_base64((*exchange.start()).value_or("")));
    while (reply.starts_with("334 ")) {
      const auto answer = exchange.respond(*decode_base64(reply.substr(4)));
      reply = co_await client->ask(answer ? encode_base64(*answer) : "*");
    }
    heard.push_back(reply);
  }

  engine::Task<void> run_injection(SocketAddress to, bool in_one_piece) {
    auto client = co_await connect(to);
    heard.push_back(co_await client->hear());
    heard.push_back(co_await client->ask("EHLO c"));
    const std::string evil = "MAIL FROM:<evil@x>\r\n";
    co_await client->send("STARTTLS\r\n" + (in_one_piece ? evil : std::string()));
    heard.push_back(co_await client->hear());
    if (!in_one_piece) {
      co_await client->send(evil);
      EXPECT_FALSE(co_await client->secure());
    }
    heard.push_back(co_await client->hear());
  }
};

TEST_F(SmtpServiceTlsTest, StarttlsForgetsWhatWasSaidBefore) {
  simulation->run(run_starttls(start_with(ListenerTls::starttls)));
  ASSERT_EQ(heard.size(), 11U);
  EXPECT_TRUE(heard[1].contains("STARTTLS"));
  EXPECT_FALSE(heard[1].contains("AUTH"));
  EXPECT_TRUE(heard[2].starts_with("538 5.7.11"));
  EXPECT_TRUE(heard[3].starts_with("220 2.0.0"));
  EXPECT_TRUE(heard[4].starts_with("503 5.5.1")) << "EHLO is needed again";
  EXPECT_FALSE(heard[5].contains("STARTTLS"));
  EXPECT_TRUE(heard[5].contains("AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN"));
  EXPECT_TRUE(heard[6].starts_with("235"));
  EXPECT_TRUE(heard[10].starts_with("250 2.0.0 Ok: queued as")) << heard[10];
  ASSERT_EQ(feed.entries.size(), 1U);
  const auto octets = feed.entries[0].octets.view();
  EXPECT_TRUE(octets.contains("ESMTPSA (TLSv1.3") || octets.contains("ESMTPSA\r\n (TLSv1.3"))
      << octets;
}

TEST_F(SmtpServiceTlsTest, ImplicitTlsAndChannelBinding) {
  const auto to = start_with(ListenerTls::implicit);
  for (const auto mechanism : {sasl::Mechanism::scram_sha_256_plus, sasl::Mechanism::scram_sha_256,
                               sasl::Mechanism::plain, sasl::Mechanism::login}) {
    heard.clear();
    simulation->run(run_implicit(to, mechanism));
    ASSERT_EQ(heard.size(), 3U);
    EXPECT_TRUE(heard[0].starts_with("220"));
    EXPECT_TRUE(heard[2].starts_with("235")) << sasl::name_of(mechanism) << ": " << heard[2];
  }
}

TEST_F(SmtpServiceTlsTest, NothingIsInjectedIntoTls) {  // RFC 3207 4
  const auto to = start_with(ListenerTls::starttls);
  simulation->run(run_injection(to, true));
  ASSERT_EQ(heard.size(), 4U);
  // Cut by the network, the octets come after the command: then they break the handshake.
  EXPECT_TRUE(heard[2].starts_with("554 5.5.0") || heard[2].starts_with("220")) << heard[2];
  EXPECT_EQ(heard[3], "");
  heard.clear();
  simulation->run(run_injection(to, false));
  EXPECT_TRUE(feed.entries.empty());
  EXPECT_EQ(service->counters().tls_failures, 1U);
}

TEST_F(SmtpServiceTlsTest, AReloadIsForNewConnections) {
  const auto to = start_with(ListenerTls::implicit);
  auto other = net::TlsContext::make_server(
      {.identity = *net::make_self_signed_identity({"new.example.org"})});
  service->set_tls(0, *other);
  simulation->run(run_implicit(to, sasl::Mechanism::scram_sha_256_plus));
  EXPECT_TRUE(heard.back().starts_with("235"));
}

}  // namespace
}  // namespace postrider::smtp
