#include "resolver_world.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <set>

#include <postrider/engine/simulation.hpp>
#include <postrider/engine/when_all.hpp>
#include <postrider/net/resolver.hpp>

namespace postrider::net {
namespace {

using dns::RecordType;
using dns::ResponseCode;
using engine::Task;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

using World = ResolverWorld;

TEST(Resolver, FindsAndThenKeeps) {
  World world(one_address);
  world.run([](World& w) -> Task<void> {
    const SharedAnswer answer = co_await w.ask("MX.Example.ORG.");
    EXPECT_EQ(answer->status, DnsStatus::found);
    EXPECT_EQ(answer->name, "mx.example.org");
    EXPECT_EQ(answer->canonical_name, "mx.example.org");
    EXPECT_EQ(answer->records.size(), 1U);
    EXPECT_EQ(answer->security, DnsSecurity::indeterminate);
    EXPECT_EQ(co_await w.ask("mx.example.org"), answer);
    EXPECT_EQ(w.first->queries(), 1U);
    const auto counters = w.resolver->counters();
    EXPECT_EQ(counters.lookups, 2U);
    EXPECT_EQ(counters.cache_hits, 1U);
    EXPECT_EQ(counters.queries, 1U);
    EXPECT_TRUE(w.first->udp_queries[0].edns.has_value());
    EXPECT_EQ(w.first->udp_queries[0].edns->payload_octets, 1232);
    EXPECT_TRUE(w.first->udp_queries[0].recursion_desired);
  });
}

TEST(Resolver, AsksAgainWhenTheTtlIsOver) {
  World world([](const dns::Query& query, bool) {
    return answers({a_record(query.question.name, "198.51.100.7", 60),
                    a_record(query.question.name, "198.51.100.8", 30)});
  });
  world.run([](World& w) -> Task<void> {
    (void)co_await w.ask("a.example");
    (void)co_await w.reactor.sleep_for(seconds(29));
    (void)co_await w.ask("a.example");
    EXPECT_EQ(w.first->queries(), 1U);
    (void)co_await w.reactor.sleep_for(seconds(2));
    (void)co_await w.ask("a.example");
    EXPECT_EQ(w.first->queries(), 2U);
  });
}

TEST(Resolver, HoldsTtlsWithinItsBounds) {
  World world([](const dns::Query& query, bool) {
    const bool brief = query.question.name == "brief.example";
    const bool negative = query.question.name == "negative.example";
    return negative
               ? denies(ResponseCode::no_such_name, 86400, 86400)
               : answers({a_record(query.question.name, "198.51.100.7", brief ? 0 : 0x7FFF'FFFF)});
  });
  world.run([](World& w) -> Task<void> {
    const auto left = [&w](const SharedAnswer& answer) {
      return answer->expires - w.reactor.now();
    };
    EXPECT_EQ(left(co_await w.ask("brief.example")), w.settings.ttl_min);
    EXPECT_EQ(left(co_await w.ask("long.example")), w.settings.ttl_max);
    EXPECT_EQ(left(co_await w.ask("negative.example")), w.settings.negative_ttl_max);
  });
}

TEST(Resolver, IdsAndPortsAreNotGuessable) {
  World world(one_address);
  world.run([](World& w) -> Task<void> {
    std::set<std::uint16_t> ids;
    std::set<std::uint16_t> ports;
    for (int i = 0; i < 50; ++i) {
      (void)co_await w.ask("host" + std::to_string(i) + ".example");
      ids.insert(w.first->udp_queries.back().id);
      ports.insert(w.first->askers.back().port);
    }
    EXPECT_GT(ids.size(), 45U);
    EXPECT_EQ(ports.size(), 50U);  // a socket each; drawn at random by the kernel
    EXPECT_GT(*ids.rbegin() - *ids.begin(), 30000);
  });
}

TEST(Resolver, TellsNoDataFromNoSuchName) {
  World world([](const dns::Query& query, bool) {
    return denies(query.question.name == "there.example" ? ResponseCode::no_error
                                                         : ResponseCode::no_such_name,
                  100, 20);
  });
  world.run([](World& w) -> Task<void> {
    EXPECT_EQ((co_await w.ask("there.example"))->status, DnsStatus::no_data);
    const SharedAnswer gone = co_await w.ask("gone.example");
    EXPECT_EQ(gone->status, DnsStatus::no_such_name);
    // RFC 2308 5: the smaller of the SOA's TTL and its minimum.
    EXPECT_EQ(gone->expires - w.reactor.now(), seconds(20));
    EXPECT_EQ(co_await w.ask("gone.example"), gone);
    EXPECT_EQ(w.first->queries(), 2U);
  });
}

TEST(Resolver, DoesNotKeepADenialWithoutSoa) {
  World world([](const dns::Query&, bool) { return says(ResponseCode::no_such_name); });
  world.run([](World& w) -> Task<void> {
    EXPECT_EQ((co_await w.ask("gone.example"))->status, DnsStatus::no_such_name);
    (void)co_await w.ask("gone.example");
    EXPECT_EQ(w.first->queries(), 2U);
  });
}

TEST(Resolver, ServfailIsTemporaryAndKeptForAMoment) {
  World world([](const dns::Query&, bool) { return says(ResponseCode::server_failure); });
  world.run([](World& w) -> Task<void> {
    const SharedAnswer answer = co_await w.ask("a.example");
    EXPECT_EQ(answer->status, DnsStatus::temporary_failure);
    EXPECT_EQ(answer->reason, "SERVFAIL from 192.0.2.53:53");
    EXPECT_EQ(w.first->queries(), 1U);  // a server that has spoken is not asked again
    (void)co_await w.ask("a.example");
    EXPECT_EQ(w.first->queries(), 1U);
    (void)co_await w.reactor.sleep_for(w.settings.failure_ttl);
    (void)co_await w.ask("a.example");
    EXPECT_EQ(w.first->queries(), 2U);
  });
}

TEST(Resolver, FollowsCnamesWithinTheAnswer) {
  World world([](const dns::Query& query, bool) {
    return answers({a_record("c.example", "198.51.100.7", 900),
                    cname_record(query.question.name, "b.example", 600),
                    a_record("unrelated.example", "203.0.113.66"),
                    cname_record("b.example", "c.example", 30)});
  });
  world.run([](World& w) -> Task<void> {
    const SharedAnswer answer = co_await w.ask("a.example");
    EXPECT_EQ(answer->status, DnsStatus::found);
    EXPECT_EQ(answer->canonical_name, "c.example");
    EXPECT_EQ(answer->records.size(), 1U);
    EXPECT_EQ(answer->expires - w.reactor.now(), seconds(30));
    EXPECT_EQ(w.first->queries(), 1U);
  });
}

TEST(Resolver, AsksOnWhereTheChainIsIncomplete) {
  World world([](const dns::Query& query, bool) {
    if (query.question.name == "end.example") {
      return answers({a_record("end.example", "198.51.100.7")});
    }
    return answers(
        {cname_record(query.question.name,
                      query.question.name == "a.example" ? "middle.example" : "end.example")});
  });
  world.run([](World& w) -> Task<void> {
    const SharedAnswer answer = co_await w.ask("a.example");
    EXPECT_EQ(answer->status, DnsStatus::found);
    EXPECT_EQ(answer->name, "a.example");
    EXPECT_EQ(answer->canonical_name, "end.example");
    EXPECT_EQ(w.first->queries(), 3U);
  });
}

TEST(Resolver, ADenialBehindACnameIsADenial) {
  World world([](const dns::Query& query, bool) {
    DnsReaction reaction = denies(query.question.name == "a.example" ? ResponseCode::no_such_name
                                                                     : ResponseCode::no_error);
    reaction.response.answers = {cname_record(query.question.name, "target.example")};
    return reaction;
  });
  world.run([](World& w) -> Task<void> {
    EXPECT_EQ((co_await w.ask("a.example"))->status, DnsStatus::no_such_name);
    EXPECT_EQ((co_await w.ask("b.example"))->status, DnsStatus::no_data);
    EXPECT_EQ(w.first->queries(), 2U);
  });
}

TEST(Resolver, CnameLoopsAndLongChainsAreTemporaryFailures) {
  World world([](const dns::Query& query, bool) {
    const std::string& name = query.question.name;
    if (name == "self.example") {
      return answers({cname_record(name, name)});
    }
    if (name == "ping.example" || name == "pong.example") {
      return answers(
          {cname_record(name, name == "ping.example" ? "pong.example" : "ping.example")});
    }
    return answers({cname_record(name, "x" + name)});
  });
  world.run([](World& w) -> Task<void> {
    EXPECT_EQ((co_await w.ask("self.example"))->status, DnsStatus::temporary_failure);
    const SharedAnswer loop = co_await w.ask("ping.example");
    EXPECT_EQ(loop->status, DnsStatus::temporary_failure);
    EXPECT_EQ(loop->reason, "the CNAMEs of ping.example go round in a circle");
    const SharedAnswer chain = co_await w.ask("y.example");
    EXPECT_EQ(chain->status, DnsStatus::temporary_failure);
    EXPECT_EQ(chain->reason, "more than 8 CNAMEs from y.example");
    EXPECT_LE(w.first->queries_for("xxxxxxxxy.example"), 1U);
    EXPECT_EQ(w.first->queries_for("xxxxxxxxxy.example"), 0U);
  });
}

TEST(Resolver, EightCnamesAreFollowed) {
  World world([](const dns::Query& query, bool) {
    const std::string& name = query.question.name;
    return name == "xxxxxxxxy.example" ? answers({a_record(name, "198.51.100.7")})
                                       : answers({cname_record(name, "x" + name)});
  });
  world.run([](World& w) -> Task<void> {
    EXPECT_EQ((co_await w.ask("y.example"))->status, DnsStatus::found);
  });
}

TEST(Resolver, MalformedAnswersAreTemporary) {
  World world([](const dns::Query& query, bool) {
    DnsReaction reaction;
    // The header and the question of a response with one answer, and no answer.
    dns::Response empty{.id = query.id, .question = query.question};
    reaction.raw = dns::encode_response(empty, 512).value().substr(2);
    reaction.raw[5] = 1;
    return reaction;
  });
  world.run([](World& w) -> Task<void> {
    const SharedAnswer answer = co_await w.ask("a.example");
    EXPECT_EQ(answer->status, DnsStatus::temporary_failure);
    EXPECT_EQ(answer->reason, "malformed message from 192.0.2.53:53");
  });
}

TEST(Resolver, ANameThatIsNoneDoesNotExist) {
  World world(one_address);
  world.run([](World& w) -> Task<void> {
    EXPECT_EQ((co_await w.ask("a..example"))->status, DnsStatus::no_such_name);
    EXPECT_EQ((co_await w.ask(std::string(64, 'a') + ".example"))->status, DnsStatus::no_such_name);
    EXPECT_EQ(w.first->queries(), 0U);
  });
}

DnsReaction slow_address(const dns::Query& query, bool tcp) {
  DnsReaction reaction = one_address(query, tcp);
  reaction.delay = milliseconds(500);
  return reaction;
}

TEST(Resolver, AskersOfTheSameShareOneQuery) {
  World world(slow_address);
  world.run([](World& w) -> Task<void> {
    std::vector<Task<SharedAnswer>> askers;
    for (int i = 0; i < 20; ++i) {
      askers.push_back(w.ask("a.example"));
    }
    const auto got = co_await engine::when_all(std::move(askers));
    for (const SharedAnswer& answer : got) {
      EXPECT_EQ(answer, got.front());
    }
    EXPECT_EQ(w.first->queries(), 1U);
    EXPECT_EQ(w.resolver->counters().joined, 19U);
  });
}

TEST(Resolver, WhoGivesUpTakesNothingFromTheOthers) {
  World world(slow_address);
  world.run([](World& w) -> Task<void> {
    engine::CancelSource cancel;
    std::vector<Task<SharedAnswer>> askers;
    askers.push_back(w.resolver->lookup("a.example", RecordType::a,
                                        {.deadline = mono_never, .cancel = cancel.token()}));
    askers.push_back(w.resolver->lookup("a.example", RecordType::a, w.in(milliseconds(100))));
    askers.push_back(w.ask("a.example"));
    const auto stop = [](World& x, engine::CancelSource& source) -> Task<void> {
      (void)co_await x.reactor.sleep_for(milliseconds(50));
      source.cancel();
    };
    w.reactor.spawn(stop(w, cancel));
    const auto got = co_await engine::when_all(std::move(askers));
    EXPECT_EQ(got[0]->status, DnsStatus::temporary_failure);
    EXPECT_EQ(got[0]->reason, "the DNS lookup was cancelled");
    EXPECT_EQ(got[1]->status, DnsStatus::temporary_failure);
    EXPECT_EQ(got[1]->reason, "no DNS answer before the deadline");
    EXPECT_EQ(got[2]->status, DnsStatus::found);
    EXPECT_EQ(w.first->queries(), 1U);
  });
}

TEST(Resolver, AnAnswerThatNobodyWaitsForIsKept) {
  World world(slow_address);
  world.run([](World& w) -> Task<void> {
    (void)co_await w.resolver->lookup("a.example", RecordType::a, w.in(milliseconds(100)));
    (void)co_await w.reactor.sleep_for(seconds(1));
    EXPECT_EQ((co_await w.ask("a.example"))->status, DnsStatus::found);
    EXPECT_EQ(w.first->queries(), 1U);
  });
}

TEST(Resolver, OutstandingQueriesAreCapped) {
  World world(slow_address);
  world.settings.outstanding_max = 4;
  world.run([](World& w) -> Task<void> {
    std::vector<Task<SharedAnswer>> askers;
    for (int i = 0; i < 12; ++i) {
      askers.push_back(w.ask("h" + std::to_string(i) + ".example"));
    }
    const MonoTime began = w.reactor.now();
    const auto got = co_await engine::when_all(std::move(askers));
    for (const SharedAnswer& answer : got) {
      EXPECT_EQ(answer->status, DnsStatus::found);
    }
    EXPECT_GE(w.reactor.now() - began, milliseconds(1500));  // three groups of four
  });
}

TEST(Resolver, TheCacheIsBoundedAndForgetsTheOldestUse) {
  World world(one_address);
  world.settings.cache_entries = 3;
  world.run([](World& w) -> Task<void> {
    (void)co_await w.ask("a.example");
    (void)co_await w.ask("b.example");
    (void)co_await w.ask("c.example");
    (void)co_await w.ask("a.example");
    (void)co_await w.ask("d.example");  // b goes
    EXPECT_EQ(w.first->queries(), 4U);
    (void)co_await w.ask("a.example");
    EXPECT_EQ(w.first->queries(), 4U);
    (void)co_await w.ask("b.example");
    EXPECT_EQ(w.first->queries(), 5U);
  });
}

TEST(Resolver, MayEndWhileItIsAsked) {
  World world(slow_address);
  world.run([](World& w) -> Task<void> {
    const auto end = [](World& x) -> Task<void> {
      (void)co_await x.reactor.sleep_for(milliseconds(100));
      x.resolver.reset();
    };
    w.reactor.spawn(end(w));
    const SharedAnswer answer = co_await w.ask("a.example");
    EXPECT_EQ(answer->status, DnsStatus::temporary_failure);
  });
}

TEST(Resolver, TheSameSeedGivesTheSameTrace) {
  std::uint64_t hashes[2] = {};
  for (std::uint64_t& hash : hashes) {
    World world(one_address);
    world.simulation->faults().datagram_loss = 0.2;
    world.run([](World& w) -> Task<void> {
      for (int i = 0; i < 20; ++i) {
        (void)co_await w.ask("h" + std::to_string(i) + ".example");
      }
    });
    hash = world.simulation->trace_hash();
  }
  EXPECT_EQ(hashes[0], hashes[1]);
}

TEST(ResolvConf, ReadsTheServers) {
  const auto servers = parse_resolv_conf(
      "# nameserver 192.0.2.1\n; nameserver 192.0.2.2\nsearch example.org\nnameserver 192.0.2.3\r\n"
      "nameserver\t2001:db8::53 # the other\nnameservers 192.0.2.4\nnameserver nonsense\n"
      "nameserver fe80::1%eth0\nnameserver 192.0.2.5\nnameserver 192.0.2.6");
  ASSERT_EQ(servers.size(), 3U);
  EXPECT_EQ(servers[0].text(), "192.0.2.3:53");
  EXPECT_EQ(servers[1].text(), "[2001:db8::53]:53");
  EXPECT_EQ(servers[2].text(), "192.0.2.5:53");
}

TEST(ResolvConf, NamesTheLoopbackIfItNamesNone) {
  for (const std::string_view text : {"", "\n\n", "options edns0\n", "nameserver\n"}) {
    const auto servers = parse_resolv_conf(text);
    ASSERT_EQ(servers.size(), 1U);
    EXPECT_EQ(servers[0].text(), "127.0.0.1:53");
  }
}

}  // namespace
}  // namespace postrider::net
