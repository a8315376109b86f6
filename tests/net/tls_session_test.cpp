#include "tls_test_support.hpp"

#include <gtest/gtest.h>
#include <string>

#include <postrider/base/digest.hpp>
#include <postrider/base/pem.hpp>

namespace postrider::net {
namespace {

class TlsSessionTest : public testing::TestWithParam<TlsVersions> {
 protected:
  TlsSessionTest() : identity_(*make_self_signed_identity({"mail.example.org"})) {}

  TlsServerSettings server_settings() {
    return {.identity = identity_,
            .by_name = {},
            .alpn = {},
            .ticket_keys = nullptr,
            .versions = GetParam()};
  }
  bool is_1_3() { return GetParam() != TlsVersions::only_1_2; }
  TlsIdentity identity_;
};

INSTANTIATE_TEST_SUITE_P(, TlsSessionTest,
                         testing::Values(TlsVersions::from_1_2, TlsVersions::only_1_2,
                                         TlsVersions::only_1_3),
                         [](const auto& info) {
                           return std::string(info.param == TlsVersions::from_1_2   ? "Any"
                                              : info.param == TlsVersions::only_1_2 ? "Only12"
                                                                                    : "Only13");
                         });

TEST_P(TlsSessionTest, CarriesOctetsBothWays) {
  TlsPair pair(client_context({}), server_context(server_settings()));
  ASSERT_TRUE(pair.shake());
  EXPECT_TRUE(pair.client.is_established());
  EXPECT_TRUE(pair.server.is_established());
  EXPECT_EQ(pair.client_to_server("EHLO client\r\n"), "EHLO client\r\n");
  EXPECT_EQ(pair.server_to_client("250 ok\r\n"), "250 ok\r\n");
  const std::string large(1'000'000, 'x');
  EXPECT_EQ(pair.client_to_server(large), large);
  EXPECT_EQ(pair.server_to_client(large), large);
  EXPECT_EQ(pair.client_to_server(""), "");
}

TEST_P(TlsSessionTest, DoesNotCareWhereTheInputIsCut) {
  for (const std::size_t most : {1, 2, 5, 7, 100}) {
    TlsPair pair(client_context({}), server_context(server_settings()));
    ASSERT_TRUE(pair.shake(most)) << most;
    ASSERT_EQ(pair.client.write(std::string(40'000, 'x'), pair.to_server), TlsStep::done);
    std::string plaintext;
    for (std::size_t at = 0; at < pair.to_server.size(); at += most * 10) {
      auto piece = pair.to_server.substr(at, most * 10);
      plaintext += TlsPair::read_all(pair.server, piece, pair.to_client, most);
      EXPECT_EQ(piece, "");
    }
    EXPECT_EQ(plaintext, std::string(40'000, 'x')) << most;
  }
}

TEST_P(TlsSessionTest, LeavesWhatItDoesNotNeedInTheInput) {
  TlsPair pair(client_context({}), server_context(server_settings()));
  ASSERT_TRUE(pair.shake());
  ASSERT_EQ(pair.client.write("one", pair.to_server), TlsStep::done);
  const auto first = pair.to_server.size();
  ASSERT_EQ(pair.client.write("two", pair.to_server), TlsStep::done);
  std::string_view input = pair.to_server;
  std::string buffer(100, '\0');
  const auto read = pair.server.read(input, buffer, pair.to_client);
  EXPECT_EQ(read.step, TlsStep::done);
  EXPECT_EQ(buffer.substr(0, read.octets), "one");
  EXPECT_EQ(input.size(), pair.to_server.size() - first);
}

TEST_P(TlsSessionTest, TellsTheFacts) {
  auto settings = server_settings();
  settings.alpn = {"imap", "smtp"};
  TlsPair pair(client_context({.trust = nullptr, .alpn = {"smtp"}, .identity = {}}),
               server_context(settings));
  ASSERT_TRUE(pair.shake());
  for (const auto* session : {&pair.client, &pair.server}) {
    const auto& facts = session->facts();
    EXPECT_EQ(facts.version, is_1_3() ? "TLSv1.3" : "TLSv1.2");
    if (!is_system_wolfssl) {
      EXPECT_EQ(facts.cipher,
                is_1_3() ? "TLS_AES_128_GCM_SHA256" : "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    }
    EXPECT_EQ(facts.alpn, "smtp");
    EXPECT_EQ(facts.server_name, "mail.example.org");
    EXPECT_FALSE(facts.group.empty());
    EXPECT_FALSE(facts.is_resumed);
    EXPECT_FALSE(facts.is_verified);
  }
  if (is_system_wolfssl) {
    GTEST_SKIP() << "the system's wolfSSL names suites otherwise; the other facts are right";
  }
}

TEST_P(TlsSessionTest, GivesThePeersChainUntilItIsReleased) {
  TlsPair pair(client_context({}), server_context(server_settings()));
  ASSERT_TRUE(pair.shake());
  const auto der = parse_pem(identity_.certificate_pem).at(0).der;
  EXPECT_EQ(pair.client.peer_chain(), std::vector<std::string>{der});
  EXPECT_TRUE(pair.server.peer_chain().empty());
  pair.client.release_peer_chain();
  EXPECT_TRUE(pair.client.peer_chain().empty());
}

TEST_P(TlsSessionTest, BothSidesBindTheSameChannel) {
  TlsPair pair(client_context({}), server_context(server_settings()));
  ASSERT_TRUE(pair.shake());
  const auto exporter = pair.client.channel_binding_exporter();
  EXPECT_EQ(exporter, pair.server.channel_binding_exporter());
  EXPECT_EQ(exporter.has_value(), is_1_3());
  const auto der = parse_pem(identity_.certificate_pem).at(0).der;
  EXPECT_EQ(pair.client.channel_binding_end_point(), std::string(sha256(der).view()));
  EXPECT_EQ(pair.server.channel_binding_end_point(), std::string(sha256(der).view()));
  TlsPair other(client_context({}), server_context(server_settings()));
  ASSERT_TRUE(other.shake());
  if (is_1_3()) {
    EXPECT_EQ(exporter->size(), 32U);
    EXPECT_NE(exporter, other.client.channel_binding_exporter());
  }
}

TEST_P(TlsSessionTest, SaysAndHearsGoodbye) {
  TlsPair pair(client_context({}), server_context(server_settings()));
  ASSERT_TRUE(pair.shake());
  pair.client.close(pair.to_server);
  ASSERT_FALSE(pair.to_server.empty());
  std::string_view input = pair.to_server;
  std::string buffer(100, '\0');
  EXPECT_EQ(pair.server.read(input, buffer, pair.to_client).step, TlsStep::closed);
  EXPECT_EQ(pair.server.read(input, buffer, pair.to_client).step, TlsStep::closed);
  EXPECT_FALSE(pair.server.is_established());
}

TEST_P(TlsSessionTest, ACutIsNoGoodbye) {
  TlsPair pair(client_context({}), server_context(server_settings()));
  ASSERT_TRUE(pair.shake());
  std::string_view nothing;
  std::string buffer(100, '\0');
  EXPECT_EQ(pair.server.read(nothing, buffer, pair.to_client).step, TlsStep::want_read);
}

TEST_P(TlsSessionTest, SessionsOutliveTheirContext) {
  auto server = std::make_unique<TlsContext>(server_context(server_settings()));
  auto client = std::make_unique<TlsContext>(client_context({}));
  TlsPair old(*client, *server);
  ASSERT_TRUE(old.shake());
  TlsPair half(*client, *server);
  half.client_step = TlsPair::step(half.client, half.to_client, half.to_server, 100'000);
  // A reload: another certificate, and the old context is gone.
  identity_ = *make_self_signed_identity({"mail.example.org"});
  server = std::make_unique<TlsContext>(server_context(server_settings()));
  client.reset();
  EXPECT_EQ(old.client_to_server("still there"), "still there");
  EXPECT_EQ(old.server_to_client("yes"), "yes");
  EXPECT_TRUE(half.shake());
  TlsPair fresh(client_context({}), *server);
  ASSERT_TRUE(fresh.shake());
  EXPECT_EQ(fresh.client.peer_chain().at(0), parse_pem(identity_.certificate_pem).at(0).der);
  EXPECT_NE(old.client.peer_chain(), fresh.client.peer_chain());
}

TEST_P(TlsSessionTest, ASessionMayMove) {
  TlsPair pair(client_context({}), server_context(server_settings()));
  auto moved = std::move(pair.server);
  pair.server = std::move(moved);
  ASSERT_TRUE(pair.shake());
  EXPECT_EQ(pair.client_to_server("x"), "x");
}

TEST_P(TlsSessionTest, AFailedSessionStaysFailed) {
  TlsPair pair(client_context({}), server_context(server_settings()));
  pair.to_server = "EHLO client.example.org\r\n";
  std::string_view input = pair.to_server;
  EXPECT_EQ(pair.server.handshake(input, pair.to_client), TlsStep::failed);
  EXPECT_FALSE(pair.server.error().text.empty());
  std::string_view more = "x";
  EXPECT_EQ(pair.server.handshake(more, pair.to_client), TlsStep::failed);
  EXPECT_EQ(pair.server.write("x", pair.to_client), TlsStep::failed);
}

}  // namespace
}  // namespace postrider::net
