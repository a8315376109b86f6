// Servers that hand no DNSSEC on, and servers that lie beside honest ones: what stops mail, what
// does not, and what the operator is told.
#include "signed_dns.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace postrider::net {
namespace {

using engine::Task;
using std::chrono::minutes;
using std::chrono::seconds;
using World = ResolverWorld;

std::string address_of(const SharedAnswer& answer) {
  return answer->records.empty() ? "none"
                                 : std::get<IpAddress>(answer->records.front().data).text();
}

Task<void> expect_secure(World& w) {
  const SharedAnswer answer = co_await w.ask("mx.a.test");
  EXPECT_EQ(answer->security, DnsSecurity::secure) << answer->reason;
  EXPECT_EQ(address_of(answer), "127.0.0.1");
}

TEST(DnssecPath, AWholePathValidatesAndIsNews) {
  SignedDns dns;
  SignedResolverWorld world(dns);
  world.run([](World& w) -> Task<void> {
    co_await expect_secure(w);
    EXPECT_EQ((co_await w.ask("mx.b.test"))->security, DnsSecurity::insecure);
    (void)co_await w.reactor.sleep_for(minutes(30));
  });
  ASSERT_EQ(world.told.size(), 1U);
  EXPECT_EQ(world.told[0], (DnssecStatus{DnssecPath::whole, ""}));
  EXPECT_EQ(world.resolver->counters().unvalidated, 0U);
}

// However a server fails to hand DNSSEC on, mail goes on as with dnssec = "off".
TEST(DnssecPath, AServerThatStripsStopsNoMail) {
  const struct {
    bool SignedDns::* fault;
    std::string_view why;
  } cases[] = {
      {&SignedDns::strips, "192.0.2.53:53 hands no signatures on"},
      {&SignedDns::strips_proofs, "192.0.2.53:53 hands no proofs of absence on"},
      {&SignedDns::drops_edns,
       "192.0.2.53:53 does not answer DNSSEC queries (no answer from 192.0.2.53:53)"},
      {&SignedDns::refuses_edns, "192.0.2.53:53 does not answer DNSSEC queries (FORMERR)"},
      {&SignedDns::refuses_keys, "192.0.2.53:53 does not answer DNSSEC queries (SERVFAIL)"},
  };
  for (const auto& row : cases) {
    SCOPED_TRACE(row.why);
    SignedDns dns;
    dns.*row.fault = true;
    SignedResolverWorld world(dns);
    world.run([](World& w) -> Task<void> {
      const MonoTime began = w.reactor.now();
      EXPECT_EQ((co_await w.ask("mx.a.test"))->status, DnsStatus::found);
      for (const char* name : {"mx.b.test", "ns.a.test"}) {
        const SharedAnswer answer = co_await w.ask(name);
        EXPECT_EQ(answer->status, DnsStatus::found) << answer->reason;
        EXPECT_EQ(answer->security, DnsSecurity::indeterminate);
        EXPECT_TRUE(answer->reason.starts_with("not validated: ")) << answer->reason;
      }
      EXPECT_LE(w.reactor.now() - began, seconds(30));
      EXPECT_GE(w.resolver->counters().unvalidated, 2U);
    });
    ASSERT_EQ(world.told.size(), 1U);
    EXPECT_EQ(world.told[0].path, DnssecPath::stripped);
    EXPECT_EQ(world.told[0].why, row.why);
  }
}

TEST(DnssecPath, WhoRequiresDnssecWaits) {
  SignedDns dns;
  dns.strips = true;
  SignedResolverWorld world(dns);
  world.settings.may_go_unvalidated = false;
  world.run([](World& w) -> Task<void> {
    EXPECT_EQ((co_await w.ask("mx.a.test"))->security, DnsSecurity::bogus);
  });
  ASSERT_EQ(world.told.size(), 1U);  // and the operator knows why
  EXPECT_EQ(world.told[0].path, DnssecPath::stripped);
}

// A zone that is bogus by itself stays so: the path is whole.
TEST(DnssecPath, ABogusZoneIsNoStrippedPath) {
  SignedDns dns;
  dns.lies = true;
  SignedResolverWorld world(dns);
  world.run([](World& w) -> Task<void> {
    const SharedAnswer answer = co_await w.ask("mx.a.test");
    EXPECT_EQ(answer->security, DnsSecurity::bogus);
    EXPECT_EQ(answer->status, DnsStatus::temporary_failure);
    EXPECT_EQ((co_await w.ask("ns.a.test"))->security, DnsSecurity::bogus);
    EXPECT_EQ(w.resolver->dnssec_status().path, DnssecPath::whole);
    // Looked at anew for want of another reason, but not for each of many.
    const auto keys = std::ranges::count_if(w.first->udp_queries, [](const dns::Query& query) {
      return query.question.name.empty() && query.question.type == dns::RecordType::dnskey;
    });
    EXPECT_LE(keys, 3);
  });
}

TEST(DnssecPath, AnOutageIsNoStripping) {
  SignedDns dns;
  dns.silent = true;
  SignedResolverWorld world(dns);
  world.run([](World& w) -> Task<void> {
    const SharedAnswer answer = co_await w.ask("mx.a.test");
    EXPECT_EQ(answer->status, DnsStatus::temporary_failure);
    EXPECT_EQ(w.resolver->dnssec_status().path, DnssecPath::unknown);
  });
  EXPECT_TRUE(world.told.empty());
}

// The keys of another root: fails closed, with its own name.
TEST(DnssecPath, KeysThatDoNotHoldAreNotStripped) {
  SignedDns dns;
  SignedResolverWorld world(dns);
  world.settings.trust_anchors = dns::TrustAnchors::iana();
  world.run([](World& w) -> Task<void> {
    EXPECT_EQ((co_await w.ask("mx.a.test"))->security, DnsSecurity::bogus);
  });
  ASSERT_EQ(world.told.size(), 1U);
  EXPECT_EQ(world.told[0].path, DnssecPath::untrusted);
  EXPECT_EQ(world.told[0].why, "192.0.2.53:53: no DNSKEY of . is one that the trust anchors name");
}

// What was taken unvalidated is worth nothing once the path is whole again; what was proven before
// stays proven while it is not.
TEST(DnssecPath, ItsEndAndItsBeginningAreSeen) {
  static SignedDns* dns = nullptr;
  SignedDns here;
  dns = &here;
  here.strips = true;
  SignedResolverWorld world(here);
  world.run([](World& w) -> Task<void> {
    EXPECT_TRUE((co_await w.ask("mx.a.test"))->unvalidated);
    dns->strips = false;
    (void)co_await w.reactor.sleep_for(minutes(1) + seconds(1));
    EXPECT_EQ(w.resolver->dnssec_status().path, DnssecPath::whole);
    co_await expect_secure(w);
    dns->strips = true;
    // The keys are known, and a signature is missing: the path is looked at before that counts.
    (void)co_await w.reactor.sleep_for(seconds(31));
    const SharedAnswer other = co_await w.ask("ns.a.test");
    EXPECT_EQ(other->status, DnsStatus::found);
    EXPECT_TRUE(other->unvalidated);
    co_await expect_secure(w);  // from the cache
  });
  ASSERT_EQ(world.told.size(), 3U);
  EXPECT_EQ(world.told[1].path, DnssecPath::whole);
  EXPECT_EQ(world.told[2].path, DnssecPath::stripped);
}

// One server that hands DNSSEC on is enough, wherever it stands.
TEST(DnssecPath, OneServerIsEnough) {
  SignedDns strips;
  strips.strips = true;
  SignedDns honest;
  SignedResolverWorld world(strips, honest);
  world.run([](World& w) -> Task<void> {
    (void)co_await w.reactor.sleep_for(seconds(1));
    const std::size_t before = w.first->queries();
    co_await expect_secure(w);
    EXPECT_EQ(w.first->queries(), before);  // asked last, now that it is known
  });
  ASSERT_EQ(world.told.size(), 1U);
  EXPECT_EQ(world.told[0].path, DnssecPath::whole);
  EXPECT_EQ(world.told[0].why, "192.0.2.53:53 hands no signatures on");
}

TEST(LyingServer, TheNextIsAskedBeforeItCounts) {
  for (bool SignedDns::* const fault : {&SignedDns::lies, &SignedDns::lies_of_keys}) {
    SignedDns liar;
    liar.*fault = true;
    SignedDns honest;
    SignedResolverWorld world(liar, honest);
    world.settings.path_check_interval = {};
    world.run([](World& w) -> Task<void> {
      co_await expect_secure(w);
      EXPECT_EQ(w.resolver->counters().rescued, 1U);
      EXPECT_EQ(w.resolver->counters().bogus, 0U);
      // The liar is asked last from now on, and what it had spoilt is forgotten.
      const std::size_t before = w.first->queries();
      EXPECT_EQ((co_await w.ask("ns.a.test"))->security, DnsSecurity::secure);
      EXPECT_EQ(w.first->queries(), before);
    });
  }
}

TEST(LyingServer, IsToldFromABogusZone) {
  SignedDns one;
  one.lies = true;
  SignedDns other;
  other.lies = true;
  SignedResolverWorld world(one, other);
  world.settings.path_check_interval = {};
  world.run([](World& w) -> Task<void> {
    EXPECT_EQ((co_await w.ask("mx.a.test"))->security, DnsSecurity::bogus);
    EXPECT_EQ(w.resolver->counters().bogus, 1U);
    EXPECT_EQ(w.resolver->counters().rescued, 0U);
    EXPECT_EQ(w.first->queries_for("mx.a.test"), 1U);
    EXPECT_EQ(w.second->queries_for("mx.a.test"), 1U);
    EXPECT_EQ((co_await w.ask("ns.a.test"))->security, DnsSecurity::bogus);
    EXPECT_EQ(w.first->queries_for("ns.a.test"), 1U);  // in order: nobody was found out
  });
}

// The other can't be had: it was bogus all the same, and is not taken for an outage.
TEST(LyingServer, ASilentWitnessChangesNothing) {
  SignedDns liar;
  liar.lies = true;
  SignedDns silent;
  silent.silent = true;
  SignedResolverWorld world(liar, silent);
  world.settings.path_check_interval = {};
  world.run([](World& w) -> Task<void> {
    const SharedAnswer answer = co_await w.ask("mx.a.test");
    EXPECT_EQ(answer->security, DnsSecurity::bogus);
    EXPECT_TRUE(answer->reason.starts_with("DNSSEC: ")) << answer->reason;
  });
}

}  // namespace
}  // namespace postrider::net
