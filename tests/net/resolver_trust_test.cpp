// What the resolver believes: AD of a trusted server, its own proofs, and what is stale.

#include "resolver_world.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>

#include <postrider/engine/simulation.hpp>
#include <postrider/engine/when_all.hpp>
#include <postrider/net/mail_hosts.hpp>
#include <postrider/net/resolver.hpp>

namespace postrider::net {
namespace {

using dns::RecordType;
using dns::ResponseCode;
using engine::Task;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

using World = ResolverWorld;

// "secure..." with AD, "bogus..." only to who does not check, "down..." not at all.
DnsReaction judging_server(const dns::Query& query, bool) {
  const std::string& name = query.question.name;
  if (name.starts_with("down") || (name.starts_with("bogus") && !query.checking_disabled)) {
    return says(ResponseCode::server_failure);
  }
  DnsReaction reaction =
      name.starts_with("gone") ? denies(ResponseCode::no_such_name) : one_address(query, false);
  reaction.response.authenticated_data = query.authenticated_data && !name.starts_with("plain");
  return reaction;
}

TEST(ResolverTrustAd, TakesTheServersWord) {
  World world(DnssecMode::trust_ad, judging_server);
  world.run([](World& w) -> Task<void> {
    EXPECT_EQ((co_await w.ask("secure.example"))->security, DnsSecurity::secure);
    const SharedAnswer gone = co_await w.ask("gone.example");
    EXPECT_EQ(gone->security, DnsSecurity::secure);
    EXPECT_EQ(gone->status, DnsStatus::no_such_name);
    const SharedAnswer plain = co_await w.ask("plain.example");
    EXPECT_EQ(plain->security, DnsSecurity::insecure);
    EXPECT_EQ(plain->status, DnsStatus::found);
    EXPECT_NE(plain->reason, "");
  });
  EXPECT_TRUE(world.first->udp_queries.at(0).authenticated_data);
  EXPECT_FALSE(world.first->udp_queries.at(0).checking_disabled);
}

TEST(ResolverTrustAd, TellsARefusalFromAnOutage) {
  World world(DnssecMode::trust_ad, judging_server);
  world.run([](World& w) -> Task<void> {
    const SharedAnswer bogus = co_await w.ask("bogus.example");
    EXPECT_EQ(bogus->security, DnsSecurity::bogus);
    EXPECT_EQ(bogus->status, DnsStatus::temporary_failure);
    EXPECT_TRUE(bogus->records.empty());
    const SharedAnswer down = co_await w.ask("down.example");
    EXPECT_EQ(down->security, DnsSecurity::indeterminate);
    EXPECT_EQ(down->status, DnsStatus::temporary_failure);
  });
}

TEST(ResolverOff, JudgesNothing) {
  World world(DnssecMode::off, judging_server);
  world.run([](World& w) -> Task<void> {
    EXPECT_EQ((co_await w.ask("secure.example"))->security, DnsSecurity::indeterminate);
    EXPECT_EQ((co_await w.ask("bogus.example"))->security, DnsSecurity::indeterminate);
  });
  EXPECT_FALSE(world.first->udp_queries.at(0).authenticated_data);
  EXPECT_FALSE(world.first->udp_queries.at(0).edns->dnssec_ok);
}

TEST(ResolverValidate, AsksForSignaturesAndForWhatIsBogus) {
  World world(DnssecMode::validate, one_address);
  world.run([](World& w) -> Task<void> {
    const SharedAnswer answer = co_await w.ask("a.example");
    EXPECT_EQ(answer->status, DnsStatus::temporary_failure);
    EXPECT_EQ(answer->security, DnsSecurity::bogus);
    EXPECT_EQ(answer->reason, "DNSSEC: . should be signed, and has no DNSKEY");
  });
  for (const dns::Query& query : world.first->udp_queries) {
    EXPECT_TRUE(query.checking_disabled);
    EXPECT_TRUE(query.edns && query.edns->dnssec_ok);
  }
  EXPECT_EQ(world.resolver->counters().bogus, 1U);
}

TEST(ResolverValidate, AServerWithoutEdnsProvesNothing) {
  World world(DnssecMode::validate, [](const dns::Query& query, bool) {
    return query.edns ? says(ResponseCode::format_error) : one_address(query, false);
  });
  world.run([](World& w) -> Task<void> {
    const SharedAnswer answer = co_await w.ask("a.example");
    EXPECT_EQ(answer->status, DnsStatus::temporary_failure);
    EXPECT_EQ(answer->reason, "FORMERR from 192.0.2.53:53");
  });
}

TEST(ResolverValidate, KeysThatCanNotBeHadLeaveItOpen) {
  World world(DnssecMode::validate, [](const dns::Query& query, bool) {
    return query.question.type == RecordType::dnskey ? says(ResponseCode::server_failure)
                                                     : one_address(query, false);
  });
  world.run([](World& w) -> Task<void> {
    const SharedAnswer answer = co_await w.ask("a.example");
    EXPECT_EQ(answer->status, DnsStatus::temporary_failure);
    EXPECT_EQ(answer->security, DnsSecurity::indeterminate);
    EXPECT_TRUE(answer->reason.contains("DNSKEY of . could not be looked up")) << answer->reason;
  });
}

TEST(ResolverValidate, TheSameKeysAreAskedForOnce) {
  World world(DnssecMode::validate, one_address);
  world.run([](World& w) -> Task<void> {
    const auto [a, b] = co_await engine::when_all(w.ask("a.example"), w.ask("b.example"));
    EXPECT_EQ(a->security, DnsSecurity::bogus);
    EXPECT_EQ(b->security, DnsSecurity::bogus);
  });
  EXPECT_EQ(std::ranges::count_if(
                world.first->udp_queries,
                [](const dns::Query& q) { return q.question.type == RecordType::dnskey; }),
            1);
}

// A zone without a trust anchor above it.
TEST(ResolverValidate, BeyondTheAnchors) {
  World world(DnssecMode::validate, one_address);
  world.settings.trust_anchors =
      dns::TrustAnchors::parse("elsewhere. IN DS 1 13 2 " + std::string(64, 'a')).value();
  world.run([](World& w) -> Task<void> {
    const SharedAnswer answer = co_await w.ask("a.example");
    EXPECT_EQ(answer->status, DnsStatus::found);
    EXPECT_EQ(answer->security, DnsSecurity::indeterminate);
    w.resolver->set_trust_anchors(dns::TrustAnchors::iana());
    EXPECT_EQ((co_await w.ask("b.example"))->security, DnsSecurity::bogus);
  });
}

TEST(ResolverStale, StandsInWhileNobodyAnswers) {
  World* here = nullptr;
  World world(DnssecMode::off, [&here](const dns::Query& query, bool tcp) {
    return here->up ? one_address(query, tcp) : drops();
  });
  here = &world;
  world.settings.stale_max = hours(1);
  world.run([](World& w) -> Task<void> {
    EXPECT_FALSE((co_await w.ask("a.example"))->stale);
    w.up = false;
    (void)co_await w.reactor.sleep_for(minutes(30));
    const SharedAnswer stale = co_await w.ask("a.example");
    EXPECT_EQ(stale->status, DnsStatus::found);
    EXPECT_TRUE(stale->stale);
    const std::size_t queries = w.first->queries();
    EXPECT_TRUE((co_await w.ask("a.example"))->stale);
    EXPECT_EQ(w.first->queries(), queries);  // not asked again for stale_ttl
    (void)co_await w.reactor.sleep_for(minutes(1));
    EXPECT_TRUE((co_await w.ask("a.example"))->stale);  // the same, not for ever
    w.up = true;
    (void)co_await w.reactor.sleep_for(minutes(2));
    EXPECT_FALSE((co_await w.ask("a.example"))->stale);
    w.up = false;
    (void)co_await w.reactor.sleep_for(minutes(62));
    EXPECT_EQ((co_await w.ask("a.example"))->status, DnsStatus::temporary_failure);
  });
  EXPECT_GE(world.resolver->counters().stale, 2U);
}

TEST(ResolverStale, NeverAgainstAnAnswer) {
  World* here = nullptr;
  World world(DnssecMode::off, [&here](const dns::Query& query, bool tcp) {
    return query.question.name.starts_with("gone")
               ? here->up ? denies(ResponseCode::no_such_name, 60, 60) : drops()
           : here->up ? one_address(query, tcp)
                      : says(ResponseCode::server_failure);
  });
  here = &world;
  world.run([](World& w) -> Task<void> {
    (void)co_await w.ask("a.example");
    (void)co_await w.ask("gone.example");
    w.up = false;
    (void)co_await w.reactor.sleep_for(minutes(5));
    // A server that answers SERVFAIL is there.
    EXPECT_EQ((co_await w.ask("a.example"))->status, DnsStatus::temporary_failure);
    // Nothing is bounced for want of a server.
    EXPECT_EQ((co_await w.ask("gone.example"))->status, DnsStatus::temporary_failure);
  });
}

TEST(MailHostsSecurity, BogusIsItsOwnFailure) {
  World world(DnssecMode::trust_ad, judging_server);
  world.run([](World& w) -> Task<void> {
    const engine::Until until{.deadline = w.reactor.now() + minutes(1)};
    const auto hosts = co_await find_mail_hosts(*w.resolver, w.reactor.random(),
                                                {.domain = "bogus.example"}, until);
    EXPECT_FALSE(hosts.has_value());
    EXPECT_EQ(hosts.error().kind, MailHostsFailure::bogus);
    EXPECT_EQ(hosts.error().security, DnsSecurity::bogus);
    const HostAddresses found =
        co_await find_addresses(*w.resolver, w.reactor.random(), "bogus.example", {}, until);
    EXPECT_EQ(found.security, DnsSecurity::bogus);
    EXPECT_EQ(found.status, DnsStatus::temporary_failure);
  });
}

TEST(MailHostsSecurity, TheMxAndEachAddress) {
  World world(DnssecMode::trust_ad, [](const dns::Query& query, bool) {
    const std::string& name = query.question.name;
    DnsReaction reaction = denies(ResponseCode::no_error);
    if (query.question.type == RecordType::mx && !name.starts_with("implicit")) {
      reaction = answers({mx_record(name, 10, "mx.example")});
    } else if (query.question.type == RecordType::a) {
      reaction = answers({a_record(name, "192.0.2.1")});
    } else if (query.question.type == RecordType::aaaa && name != "none.example") {
      reaction = answers({aaaa_record(name, "2001:db8::1")});
    }
    // One family of one host is not signed.
    reaction.response.authenticated_data =
        name != "none.example" &&
        !(name == "mx.example" && query.question.type == RecordType::aaaa) &&
        !(name == "implicit-plain.example" && query.question.type == RecordType::mx);
    return reaction;
  });
  world.run([](World& w) -> Task<void> {
    const engine::Until until{.deadline = w.reactor.now() + minutes(1)};
    Random& random = w.reactor.random();
    auto hosts = co_await find_mail_hosts(*w.resolver, random, {.domain = "a.example"}, until);
    EXPECT_EQ(hosts->security, DnsSecurity::secure);
    EXPECT_EQ(hosts->why_insecure, "");
    const auto found = co_await find_addresses(*w.resolver, random, "mx.example", {}, until);
    EXPECT_EQ(found.security, DnsSecurity::insecure);
    EXPECT_NE(found.reason, "");
    // That a denial is not signed is not why there is nothing.
    const auto none =
        co_await find_addresses(*w.resolver, random, "none.example", {.v4 = false}, until);
    EXPECT_EQ(none.status, DnsStatus::no_data);
    EXPECT_EQ(none.security, DnsSecurity::insecure);
    EXPECT_EQ(none.reason, "");
    const auto v4 =
        co_await find_addresses(*w.resolver, random, "mx.example", {.v6 = false}, until);
    EXPECT_EQ(v4.security, DnsSecurity::secure);
    hosts = co_await find_mail_hosts(*w.resolver, random, {.domain = "implicit.example"}, until);
    EXPECT_EQ(hosts->security, DnsSecurity::secure);
    hosts =
        co_await find_mail_hosts(*w.resolver, random, {.domain = "implicit-plain.example"}, until);
    EXPECT_EQ(hosts->security, DnsSecurity::insecure);
  });
}

}  // namespace
}  // namespace postrider::net
