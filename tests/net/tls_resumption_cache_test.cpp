#include "tls_test_support.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/base/digest.hpp>
#include <postrider/base/random.hpp>
#include <postrider/net/tls_certificate.hpp>
#include <postrider/net/tls_dane.hpp>
#include <postrider/net/tls_resumption_cache.hpp>

namespace postrider::net {
namespace {

constexpr MonoTime start{std::chrono::hours(5)};

TlsResumptionKey key(const std::string& name, const std::string& policy = "opportunistic",
                     std::uint16_t port = 25) {
  return {
      .peer = {IpAddress::parse("192.0.2.1").value(), port}, .server_name = name, .policy = policy};
}

class TlsResumptionCacheTest : public testing::Test {
 protected:
  TlsResumptionCacheTest()
      : identity_(*make_self_signed_identity({"mx.example.org"})),
        server_(server_context({.identity = identity_,
                                .by_name = {},
                                .alpn = {},
                                .ticket_keys = std::make_shared<TicketKeys>(random_)})) {}

  TlsContext client(TlsVerify verify, const std::shared_ptr<const TrustAnchors>& trust = nullptr) {
    return client_context(
        {.verify = verify, .trust = trust ? trust : own_trust(), .alpn = {}, .identity = {}});
  }
  std::shared_ptr<const TrustAnchors> own_trust() {
    return *TrustAnchors::parse(identity_.certificate_pem, "test");
  }
  // One connection as delivery has them: takes a session if there is one, leaves another.
  struct Visit {
    bool is_resumed = false;
    bool is_verified = false;
    std::vector<std::string> chain;
  };
  Visit visit(const TlsContext& client, TlsResumptionCache& cache, const TlsResumptionKey& key,
              MonoTime now = start) {
    TlsPair pair(client, server_, key.server_name, cache.take(key, now));
    EXPECT_TRUE(pair.shake()) << pair.why();
    (void)pair.server_to_client("220 hello\r\n");
    cache.keep(key, pair.client.resumption(), now);
    return {.is_resumed = pair.client.facts().is_resumed,
            .is_verified = pair.client.facts().is_verified,
            .chain = pair.client.peer_chain()};
  }
  std::shared_ptr<const TlsResumption> session() {
    TlsResumptionCache cache;
    (void)visit(any_, cache, key("mx.example.org"));
    return cache.take(key("mx.example.org"), start);
  }

  SystemRandom random_;
  TlsIdentity identity_;
  TlsContext server_;
  TlsContext any_ = client(TlsVerify::none);
};

TEST_F(TlsResumptionCacheTest, ResumesAgainAndAgain) {
  TlsResumptionCache cache;
  EXPECT_FALSE(visit(any_, cache, key("mx.example.org")).is_resumed);
  EXPECT_EQ(cache.size(), 1U);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(visit(any_, cache, key("mx.example.org")).is_resumed);
  }
  EXPECT_EQ(cache.size(), 1U);
}

TEST_F(TlsResumptionCacheTest, ASessionIsGivenAwayOnce) {
  TlsResumptionCache cache;
  cache.keep(key("a"), session(), start);
  EXPECT_NE(cache.take(key("a"), start), nullptr);
  EXPECT_EQ(cache.take(key("a"), start), nullptr);
  EXPECT_EQ(cache.size(), 0U);
}

TEST_F(TlsResumptionCacheTest, NothingIsSharedBetweenHostsPortsNamesAndPolicies) {
  TlsResumptionCache cache;
  cache.keep(key("a"), session(), start);
  auto other_host = key("a");
  other_host.peer.ip = IpAddress::parse("192.0.2.2").value();
  for (const auto& other : {key("b"), key("a", "verified"), key("a", "opportunistic", 26), key("A"),
                            key("", "a"), other_host}) {
    EXPECT_EQ(cache.take(other, start), nullptr) << other.server_name << other.policy;
  }
  EXPECT_NE(cache.take(key("a"), start), nullptr);
}

// Even where a caller confuses its keys: what nobody looked at is not taken for verified.
TEST_F(TlsResumptionCacheTest, AnUnverifiedSessionNeverPassesForAVerifiedOne) {
  const auto strict = client(TlsVerify::require);
  TlsResumptionCache cache;
  const auto same = key("mx.example.org", "");
  (void)visit(any_, cache, same);
  ASSERT_EQ(cache.size(), 1U);
  const auto first = visit(strict, cache, same);
  EXPECT_FALSE(first.is_resumed);
  EXPECT_TRUE(first.is_verified);
  const auto again = visit(strict, cache, same);
  EXPECT_TRUE(again.is_resumed);
  EXPECT_TRUE(again.is_verified);
  EXPECT_FALSE(visit(any_, cache, same).is_verified);

  // A context that reports accepts anybody; its session tells that it was nobody known.
  TestPki pki;
  pki.make_ca("stranger");
  const auto strangers = *TrustAnchors::parse(pki.certificate("stranger"), "test");
  const auto reporting = client(TlsVerify::report, strangers);
  EXPECT_FALSE(visit(reporting, cache, key("mx.example.org", "report")).is_verified);
  const auto resumed = visit(reporting, cache, key("mx.example.org", "report"));
  EXPECT_TRUE(resumed.is_resumed);
  EXPECT_FALSE(resumed.is_verified);
}

// The chain comes along, to be judged by the records of today.
TEST_F(TlsResumptionCacheTest, AResumedSessionIsJudgedByItsChain) {
  TlsResumptionCache cache;
  const auto dane = key("mx.example.org", "dane");
  const auto first = visit(any_, cache, dane);
  const auto resumed = visit(any_, cache, dane);
  ASSERT_TRUE(resumed.is_resumed);
  ASSERT_EQ(resumed.chain, first.chain);
  const auto digest = sha256(parse_certificate(first.chain.at(0))->spki);
  dns::Tlsa record{
      .usage = 3, .selector = 1, .matching_type = 1, .data = std::string(digest.view())};
  EXPECT_EQ(verify_dane(resumed.chain, {record}, {}, WallTime{}).verdict, DaneVerdict::matched);
  record.data[0] = static_cast<char>(record.data[0] ^ 1);
  EXPECT_EQ(verify_dane(resumed.chain, {record}, {}, WallTime{}).verdict, DaneVerdict::no_match);
}

TEST_F(TlsResumptionCacheTest, SessionsGrowOld) {
  TlsResumptionCache cache({.age = std::chrono::minutes(10)});
  cache.keep(key("a"), session(), start);
  cache.keep(key("a"), session(), start + std::chrono::minutes(1));
  EXPECT_EQ(cache.take(key("a"), start + std::chrono::minutes(12)), nullptr);
  EXPECT_EQ(cache.size(), 0U);
  cache.keep(key("a"), session(), start);
  EXPECT_NE(cache.take(key("a"), start + std::chrono::minutes(10)), nullptr);
}

TEST_F(TlsResumptionCacheTest, TheNewestIsTakenFirst) {
  TlsResumptionCache cache;
  const std::vector<std::shared_ptr<const TlsResumption>> sessions{session(), session(), session()};
  for (const auto& one : sessions) {
    cache.keep(key("a"), one, start);
  }
  EXPECT_EQ(cache.take(key("a"), start), sessions[2]);
  EXPECT_EQ(cache.take(key("a"), start), sessions[1]);
  EXPECT_EQ(cache.take(key("a"), start), sessions[0]);
}

TEST_F(TlsResumptionCacheTest, IsBounded) {
  TlsResumptionCache cache({.sessions = 10, .per_key = 2});
  const auto one = session();
  for (int i = 0; i < 5; ++i) {
    cache.keep(key("a"), one, start);
  }
  EXPECT_EQ(cache.size(), 2U);
  for (int i = 0; i < 30; ++i) {
    cache.keep(key(std::to_string(i)), one, start);
    EXPECT_LE(cache.size(), 10U);
  }
  EXPECT_EQ(cache.take(key("a"), start), nullptr);  // the oldest have gone
  EXPECT_EQ(cache.take(key("19"), start), nullptr);
  EXPECT_NE(cache.take(key("20"), start), nullptr);
  cache.keep(key("x"), nullptr, start);
  EXPECT_EQ(cache.take(key("x"), start), nullptr);

  TlsResumptionCache none({.sessions = 0});
  none.keep(key("a"), one, start);
  EXPECT_EQ(none.size(), 0U);
}

TEST_F(TlsResumptionCacheTest, ForgetsOneKeyOrAll) {
  TlsResumptionCache cache;
  cache.keep(key("a"), session(), start);
  cache.keep(key("a"), session(), start);
  cache.keep(key("b"), session(), start);
  cache.forget(key("c"));
  cache.forget(key("a"));
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_EQ(cache.take(key("a"), start), nullptr);
  cache.clear();
  EXPECT_EQ(cache.take(key("b"), start), nullptr);
}

}  // namespace
}  // namespace postrider::net
