#include "delivery_world.hpp"

#include <gtest/gtest.h>

#include <postrider/base/base64.hpp>
#include <postrider/base/digest.hpp>
#include <postrider/base/random.hpp>
#include <postrider/base/text.hpp>
#include <postrider/net/tls_ticket_keys.hpp>

// STARTTLS as each policy wants it, with real handshakes over the simulated network, and what
// becomes of mail for hosts whose TLS is broken.
namespace postrider::delivery {
namespace {

using flow::EventKind;
using policy::TlsLevel;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* host = "mx.example.org";

net::TlsContext server_context(const net::TlsIdentity& identity) {
  return *net::TlsContext::make_server({.identity = identity});
}

std::string fingerprint_of(const net::TlsIdentity& identity) {
  std::string body;
  for (const std::string_view line : split(identity.certificate_pem, '\n')) {
    body += line.starts_with("-----") ? std::string_view() : line;
  }
  return std::string(sha256(*decode_base64(body)).view());
}

// One domain with one host that has a certificate of its own making.
struct Secured {
  net::TlsIdentity identity = *net::make_self_signed_identity({host});
  net::TlsIdentity other = *net::make_self_signed_identity({"elsewhere.example"});
  net::TlsContext server = server_context(identity);
  net::TlsContext client = *net::TlsContext::make_client({});
  net::TlsContext verifying = *net::TlsContext::make_client(
      {.verify = net::TlsVerify::require,
       .trust = *net::TrustAnchors::parse(identity.certificate_pem, "the test")});
  World world;
  FakeMx& mx = world.add_mx("example.org", 10, host, 1);

  explicit Secured(TlsLevel level, std::vector<std::string> fingerprints = {}) {
    policy::TlsPolicy policy;
    policy.level = level;
    policy.fingerprints = std::move(fingerprints);
    world.settings.tls = policy::TlsPolicyTable(policy);
    world.settings.idle_connection = {};
    world.tls = &client;
    world.tls_verified = &verifying;
    mx.manners.tls = &server;
  }
  ~Secured() { world.simulation().kill_tasks(); }  // before the contexts go
  void deliver(Duration patience = minutes(3)) {
    if (!is_started_) {
      is_started_ = true;
      world.start();
    }
    world.submit({.to = {"user@example.org"}});
    world.run_for(patience);
  }
  [[nodiscard]] std::size_t deferred() const { return world.events.count(EventKind::deferred); }

 private:
  bool is_started_ = false;
};

TEST(DeliveryTls, OpportunisticEncryptsWhereItCanWithWhomever) {
  Secured f(TlsLevel::opportunistic);
  const net::TlsContext strange = server_context(f.other);
  f.mx.manners.tls = &strange;
  f.deliver();
  ASSERT_EQ(f.mx.taken.size(), 1U);
  EXPECT_TRUE(f.mx.taken[0].encrypted);
  const flow::Event* event = f.world.events.find(EventKind::delivered);
  ASSERT_NE(event, nullptr);
  EXPECT_TRUE(event->tls.starts_with("TLSv1.3 ")) << event->tls;
  EXPECT_GE(event->duration.tls, 0);
  f.mx.manners.tls = nullptr;
  f.deliver();
  ASSERT_EQ(f.mx.taken.size(), 2U);
  EXPECT_FALSE(f.mx.taken[1].encrypted);
  f.world.stop();
}

TEST(DeliveryTls, OffNeverAsksForIt) {
  Secured f(TlsLevel::off);
  f.deliver();
  ASSERT_EQ(f.mx.taken.size(), 1U);
  EXPECT_FALSE(f.mx.taken[0].encrypted);
  f.world.stop();
}

// Peers that offer STARTTLS and then do not know how.
const char* const broken_manners[] = {"220 go!stall", "220 go!", "220 go!what do you mean"};

TEST(DeliveryTls, BrokenTlsFallsBackToPlainInTheSameAttemptAndIsRemembered) {
  for (const char* manners : broken_manners) {
    Secured f(TlsLevel::opportunistic);
    f.mx.manners.on_starttls = manners;
    f.deliver();
    ASSERT_EQ(f.mx.taken.size(), 1U) << manners;
    EXPECT_FALSE(f.mx.taken[0].encrypted);
    EXPECT_EQ(f.deferred(), 0U) << manners;
    EXPECT_EQ(f.mx.connections, 2U) << manners;
    f.deliver();
    EXPECT_EQ(f.mx.taken.size(), 2U);
    EXPECT_EQ(f.mx.connections, 3U) << "STARTTLS was tried again: " << manners;
    f.mx.manners.on_starttls = "220 go";
    f.world.run_for(f.world.settings.plain_memory);
    f.deliver();
    ASSERT_EQ(f.mx.taken.size(), 3U);
    EXPECT_TRUE(f.mx.taken[2].encrypted) << "forgotten again: " << manners;
    f.world.stop();
  }
}

TEST(DeliveryTls, ARefusedStartTlsIsNoReasonNotToDeliver) {
  Secured f(TlsLevel::opportunistic);
  f.mx.manners.on_starttls = "454 4.7.0 not now";
  f.deliver();
  ASSERT_EQ(f.mx.taken.size(), 1U);
  EXPECT_FALSE(f.mx.taken[0].encrypted);
  f.world.stop();
}

TEST(DeliveryTls, WhatMustBeEncryptedWaits) {
  const char* const all[] = {"220 go!stall", "220 go!", "220 go!what do you mean", "454 not now"};
  for (const TlsLevel level : {TlsLevel::required, TlsLevel::verified, TlsLevel::fingerprint}) {
    Secured f(level, {fingerprint_of(net::TlsIdentity(*net::make_self_signed_identity({host})))});
    for (const char* manners : all) {
      f.mx.manners.on_starttls = manners;
      f.deliver();
    }
    f.mx.manners.tls = nullptr;
    f.deliver();
    EXPECT_EQ(f.mx.taken.size(), 0U);
    EXPECT_GE(f.deferred(), 5U);
    EXPECT_EQ(f.world.events.count(EventKind::bounced), 0U);
    const flow::Event* event = f.world.events.find(EventKind::deferred);
    ASSERT_NE(event, nullptr);
    EXPECT_EQ(event->enhanced, "4.7.5") << event->text;
    f.world.stop();
  }
}

TEST(DeliveryTls, RequiredTakesAnyCertificate) {
  Secured f(TlsLevel::required);
  const net::TlsContext strange = server_context(f.other);
  f.mx.manners.tls = &strange;
  f.deliver();
  ASSERT_EQ(f.mx.taken.size(), 1U);
  EXPECT_TRUE(f.mx.taken[0].encrypted);
  f.world.stop();
}

TEST(DeliveryTls, VerifiedTakesOnlyTheHostsOwn) {
  Secured right(TlsLevel::verified);
  right.deliver();
  EXPECT_EQ(right.mx.taken.size(), 1U);
  right.world.stop();

  Secured wrong(TlsLevel::verified);
  const net::TlsContext strange = server_context(wrong.other);
  wrong.mx.manners.tls = &strange;
  wrong.deliver();
  EXPECT_EQ(wrong.mx.taken.size(), 0U);
  EXPECT_EQ(wrong.deferred(), 1U);
  EXPECT_EQ(wrong.world.events.find(EventKind::deferred)->enhanced, "4.7.5");
  wrong.world.stop();
}

TEST(DeliveryTls, FingerprintTakesOnlyTheCertificateThatIsNamed) {
  for (const bool is_named : {true, false}) {
    const net::TlsIdentity named = *net::make_self_signed_identity({"some.name.else"});
    Secured f(TlsLevel::fingerprint, {fingerprint_of(named)});
    const net::TlsContext shown = server_context(is_named ? named : f.identity);
    f.mx.manners.tls = &shown;
    f.deliver();
    EXPECT_EQ(f.mx.taken.size(), is_named ? 1U : 0U);
    EXPECT_EQ(f.deferred(), is_named ? 0U : 1U);
    f.world.stop();
  }
}

// A session is taken up again by who asks for the same; without a proof it is worth nothing to who
// wants one.
TEST(DeliveryTls, SessionsAreResumedUnderTheSameDemand) {
  SystemRandom random;
  Secured f(TlsLevel::opportunistic);
  policy::TlsPolicy strict;
  strict.level = TlsLevel::verified;
  f.world.settings.tls =
      policy::TlsPolicyTable({}, {{policy::DomainPattern("strict.test"), strict}});
  f.world.dns.add_mx("strict.test", 10, host);
  const net::TlsContext server = *net::TlsContext::make_server(
      {.identity = f.identity, .ticket_keys = std::make_shared<net::TicketKeys>(random)});
  f.mx.manners.tls = &server;
  f.deliver();
  EXPECT_EQ(f.mx.resumed, 0U);
  f.deliver();
  EXPECT_EQ(f.mx.resumed, 1U);
  f.world.submit({.to = {"user@strict.test"}});
  f.world.run_for(minutes(3));
  EXPECT_EQ(f.mx.resumed, 1U);
  f.world.submit({.to = {"user@strict.test"}});
  f.world.run_for(minutes(3));
  EXPECT_EQ(f.mx.resumed, 2U);
  f.world.run_for(minutes(61));
  f.deliver();
  EXPECT_EQ(f.mx.resumed, 2U);  // after an hour it is judged anew
  EXPECT_EQ(f.mx.taken.size(), 5U);
  f.world.stop();
}

// One domain's policy never touches its neighbour on the same hosts.
TEST(DeliveryTls, TwoPoliciesOfOneSiteDoNotDisturbEachOther) {
  Secured f(TlsLevel::opportunistic);
  policy::TlsPolicy strict;
  strict.level = TlsLevel::verified;
  f.world.settings.tls =
      policy::TlsPolicyTable({}, {{policy::DomainPattern("strict.test"), strict}});
  f.world.dns.add_mx("strict.test", 10, host);
  const net::TlsContext strange = server_context(f.other);
  f.mx.manners.tls = &strange;
  f.world.start();
  for (int i = 0; i < 5; ++i) {
    f.world.submit({.from = "", .to = {"a@strict.test", "b@example.org"}});
  }
  f.world.run_for(minutes(2));
  EXPECT_EQ(f.mx.taken.size(), 5U);
  EXPECT_EQ(f.deferred(), 5U);
  for (const FakeMx::Mail& mail : f.mx.taken) {
    EXPECT_EQ(mail.to, std::vector<std::string>{"b@example.org"});
  }
  f.world.stop();
}

}  // namespace
}  // namespace postrider::delivery
