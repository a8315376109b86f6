#include "tls_test_support.hpp"

#include <array>
#include <gtest/gtest.h>
#include <string>
#include <thread>

#include <postrider/base/random.hpp>

namespace postrider::net {
namespace {

class TlsResumptionTest : public testing::Test {
 protected:
  TlsResumptionTest()
      : identity_(*make_self_signed_identity({"mail.example.org"})),
        keys_(std::make_shared<TicketKeys>(random_)) {}

  TlsContext server(std::shared_ptr<const TicketKeys> keys,
                    TlsVersions versions = TlsVersions::from_1_2) {
    return server_context({.identity = identity_,
                           .by_name = {},
                           .alpn = {},
                           .ticket_keys = std::move(keys),
                           .versions = versions});
  }
  TlsContext client(TlsVerify verify = TlsVerify::none) {
    return client_context({.verify = verify,
                           .trust = *TrustAnchors::parse(identity_.certificate_pem, "test"),
                           .alpn = {},
                           .identity = {}});
  }
  // A connection, and what it leaves to resume.
  static std::shared_ptr<const TlsResumption> visit(
      const TlsContext& client, const TlsContext& server, bool* is_resumed,
      const std::shared_ptr<const TlsResumption>& resumption = nullptr,
      const std::string& name = "mail.example.org") {
    TlsPair pair(client, server, name, resumption);
    EXPECT_TRUE(pair.shake()) << (pair.client_step == TlsStep::failed ? pair.client.error().text
                                                                      : std::string());
    EXPECT_EQ(pair.server_to_client("220 hello\r\n"), "220 hello\r\n");
    EXPECT_EQ(pair.client_to_server("QUIT\r\n"), "QUIT\r\n");
    EXPECT_EQ(pair.client.facts().is_resumed, pair.server.facts().is_resumed);
    EXPECT_EQ(pair.client.peer_chain().size(), 1U);
    *is_resumed = pair.client.facts().is_resumed;
    EXPECT_EQ(pair.server.resumption(), nullptr);
    return pair.client.resumption();
  }

  SystemRandom random_;
  TlsIdentity identity_;
  std::shared_ptr<TicketKeys> keys_;
};

TEST_F(TlsResumptionTest, ComesBackByTicketOnAnyCore) {
  bool is_resumed = true;
  const auto client = this->client();
  const auto kept = visit(client, server(keys_), &is_resumed);
  EXPECT_FALSE(is_resumed);
  ASSERT_NE(kept, nullptr);
  // Another context with the same keys: another core of the listener, or after a reload.
  const auto again = visit(client, server(keys_), &is_resumed, kept);
  EXPECT_TRUE(is_resumed);
  (void)visit(client, server(keys_), &is_resumed, kept);
  EXPECT_TRUE(is_resumed);
  if (again) {
    (void)visit(client, server(keys_), &is_resumed, again);
    EXPECT_TRUE(is_resumed);
  }
}

TEST_F(TlsResumptionTest, AnotherListenerDoesNotKnowTheTicket) {
  bool is_resumed = true;
  const auto client = this->client();
  const auto kept = visit(client, server(keys_), &is_resumed);
  const auto others = std::make_shared<TicketKeys>(random_);
  const auto fresh = visit(client, server(others), &is_resumed, kept);
  EXPECT_FALSE(is_resumed);
  (void)visit(client, server(others), &is_resumed, fresh);
  EXPECT_TRUE(is_resumed);
}

TEST_F(TlsResumptionTest, KeysRotateOutAfterThreeTurns) {
  bool is_resumed = false;
  const auto client = this->client();
  const auto kept = visit(client, server(keys_), &is_resumed);
  for (std::size_t turn = 1; turn < TicketKeys::kept; ++turn) {
    keys_->rotate(random_);
    (void)visit(client, server(keys_), &is_resumed, kept);
    EXPECT_TRUE(is_resumed) << turn;
  }
  keys_->rotate(random_);
  (void)visit(client, server(keys_), &is_resumed, kept);
  EXPECT_FALSE(is_resumed);
}

// The library's client breaks off when a server refuses a ticket of TLS 1.2: we keep none.
TEST_F(TlsResumptionTest, KeepsNothingOfTls12) {
  bool is_resumed = true;
  EXPECT_EQ(visit(client(), server(keys_, TlsVersions::only_1_2), &is_resumed), nullptr);
  EXPECT_FALSE(is_resumed);
}

// There the library breaks off, too. Who sees a handshake fail that offered to resume tries again
// without.
TEST_F(TlsResumptionTest, TellsThatItOfferedToResume) {
  bool is_resumed = true;
  const auto client = this->client();
  const auto kept = visit(client, server(keys_), &is_resumed);
  ASSERT_NE(kept, nullptr);
  TlsPair pair(client, server(keys_, TlsVersions::only_1_2), "mail.example.org", kept);
  EXPECT_FALSE(pair.shake());
  EXPECT_TRUE(pair.client.has_offered_resumption());
  TlsPair again(client, server(keys_, TlsVersions::only_1_2));
  EXPECT_TRUE(again.shake());
  EXPECT_FALSE(again.client.has_offered_resumption());
}

TEST_F(TlsResumptionTest, WithoutKeysThereAreNoTickets) {
  bool is_resumed = true;
  const auto client = this->client();
  EXPECT_EQ(visit(client, server(nullptr), &is_resumed), nullptr);
  const auto kept = visit(client, server(keys_), &is_resumed);
  (void)visit(client, server(nullptr), &is_resumed, kept);
  EXPECT_FALSE(is_resumed);
}

TEST_F(TlsResumptionTest, IsBoundToItsContextAndName) {
  bool is_resumed = true;
  const auto client = this->client();
  const auto kept = visit(client, server(keys_), &is_resumed);
  (void)visit(client, server(keys_), &is_resumed, kept, "other.example.org");
  EXPECT_FALSE(is_resumed);
  // What was accepted without a look must not pass where PKIX is demanded.
  (void)visit(this->client(TlsVerify::require), server(keys_), &is_resumed, kept);
  EXPECT_FALSE(is_resumed);
}

TEST_F(TlsResumptionTest, KeepsTheVerdict) {
  const auto client = this->client(TlsVerify::require);
  const auto server = this->server(keys_);
  bool is_resumed = true;
  const auto kept = visit(client, server, &is_resumed);
  TlsPair pair(client, server, "mail.example.org", kept);
  ASSERT_TRUE(pair.shake());
  EXPECT_TRUE(pair.client.facts().is_resumed);
  EXPECT_TRUE(pair.client.facts().is_verified);
  EXPECT_EQ(pair.client.channel_binding_end_point(), pair.server.channel_binding_end_point());
  EXPECT_EQ(pair.client.channel_binding_exporter(), pair.server.channel_binding_exporter());
}

TEST_F(TlsResumptionTest, AFailedSessionLeavesNothing) {
  TlsPair pair(client(), server(keys_));
  EXPECT_EQ(pair.client.resumption(), nullptr);
  ASSERT_TRUE(pair.shake());
  std::string garbage = "\x17\x03\x03\x00\x20" + std::string(32, 'x');
  (void)TlsPair::read_all(pair.client, garbage, pair.to_server);
  EXPECT_EQ(pair.client.resumption(), nullptr);
}

struct Ticket {
  std::array<unsigned char, TicketKeys::name_octets> name{};
  std::array<unsigned char, TicketKeys::nonce_octets> nonce{};
  std::array<unsigned char, TicketKeys::tag_octets> tag{};
  std::string octets = "a secret that only we may read";

  [[nodiscard]] std::span<unsigned char> span() {
    return {reinterpret_cast<unsigned char*>(octets.data()), octets.size()};
  }
};

TEST(TicketKeys, OpensWhatItSealed) {
  SystemRandom random;
  const TicketKeys keys(random);
  Ticket ticket;
  ASSERT_TRUE(keys.seal(ticket.name, ticket.nonce, ticket.tag, ticket.span()));
  EXPECT_FALSE(ticket.octets.contains("secret"));
  auto copy = ticket;
  EXPECT_EQ(keys.open(copy.name, copy.nonce, copy.tag, copy.span()),
            TicketKeys::Opened::with_newest);
  EXPECT_EQ(copy.octets, Ticket().octets);
  Ticket other;
  ASSERT_TRUE(keys.seal(other.name, other.nonce, other.tag, other.span()));
  EXPECT_NE(other.nonce, ticket.nonce);
}

TEST(TicketKeys, RefusesWhatWasTouched) {
  SystemRandom random;
  const TicketKeys keys(random);
  Ticket sealed;
  ASSERT_TRUE(keys.seal(sealed.name, sealed.nonce, sealed.tag, sealed.span()));
  const auto opened = [&](auto touch) {
    auto copy = sealed;
    touch(copy);
    return keys.open(copy.name, copy.nonce, copy.tag, copy.span());
  };
  EXPECT_EQ(opened([](Ticket& t) { t.name[3] ^= 1; }), TicketKeys::Opened::no);
  EXPECT_EQ(opened([](Ticket& t) { t.nonce[3] ^= 1; }), TicketKeys::Opened::no);
  EXPECT_EQ(opened([](Ticket& t) { t.tag[3] ^= 1; }), TicketKeys::Opened::no);
  EXPECT_EQ(opened([](Ticket& t) { t.octets[3] = static_cast<char>(t.octets[3] ^ 1); }),
            TicketKeys::Opened::no);
  EXPECT_EQ(opened([](Ticket& t) { t.octets.pop_back(); }), TicketKeys::Opened::no);
}

TEST(TicketKeys, TellsOlderKeysFromTheNewest) {
  SystemRandom random;
  TicketKeys keys(random);
  Ticket ticket;
  ASSERT_TRUE(keys.seal(ticket.name, ticket.nonce, ticket.tag, ticket.span()));
  keys.rotate(random);
  auto copy = ticket;
  EXPECT_EQ(keys.open(copy.name, copy.nonce, copy.tag, copy.span()),
            TicketKeys::Opened::with_older);
}

TEST(TicketKeys, ReadersNeverSeeHalfARotation) {
  SystemRandom random;
  TicketKeys keys(random);
  std::atomic<bool> is_over = false;
  std::thread rotator([&] {
    SystemRandom own;
    while (!is_over) {
      keys.rotate(own);
    }
  });
  int opened = 0;
  for (int i = 0; i < 20'000; ++i) {
    Ticket ticket;
    ASSERT_TRUE(keys.seal(ticket.name, ticket.nonce, ticket.tag, ticket.span()));
    // Rotated out in the meantime is fine; opened with other octets, or a crash, is not.
    if (keys.open(ticket.name, ticket.nonce, ticket.tag, ticket.span()) != TicketKeys::Opened::no) {
      ASSERT_EQ(ticket.octets, Ticket().octets);
      ++opened;
    }
  }
  is_over = true;
  rotator.join();
  EXPECT_GT(opened, 0);
}

}  // namespace
}  // namespace postrider::net
