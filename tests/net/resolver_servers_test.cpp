// How the resolver gets along with the servers it asks: lame, silent, lossy and forged ones.
#include "resolver_world.hpp"

#include <gtest/gtest.h>

namespace postrider::net {
namespace {

using dns::RecordType;
using dns::ResponseCode;
using engine::Task;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using World = ResolverWorld;

TEST(ResolverServers, LameServersGiveWayToTheNext) {
  for (const auto code : {ResponseCode::server_failure, ResponseCode::refused,
                          ResponseCode::no_error, static_cast<ResponseCode>(9)}) {
    World world(
        [code](const dns::Query&, bool) {
          DnsReaction reaction = says(code);
          if (code == ResponseCode::no_error) {  // a referral
            reaction.response.recursion_available = false;
            reaction.response.authorities = {
                record_of("example", RecordType::ns, 60, dns::HostName{.name = "ns.example"})};
          }
          return reaction;
        },
        one_address);
    world.run([](World& w) -> Task<void> {
      EXPECT_EQ((co_await w.ask("a.example"))->status, DnsStatus::found);
      EXPECT_EQ(w.first->queries(), 1U);
      EXPECT_EQ(w.second->queries(), 1U);
    });
  }
}

TEST(ResolverServers, ASilentServerIsPassedOverAndThenAskedLast) {
  World world([](const dns::Query&, bool) { return drops(); }, one_address);
  world.run([](World& w) -> Task<void> {
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ((co_await w.ask("h" + std::to_string(i) + ".example"))->status, DnsStatus::found);
    }
    EXPECT_EQ(w.first->queries(), 3U);  // then it was taken for dead
    EXPECT_EQ(w.resolver->counters().timeouts, 3U);
    (void)co_await w.reactor.sleep_for(minutes(1));
    (void)co_await w.ask("later.example");
    EXPECT_EQ(w.first->queries(), 4U);  // and was tried again
  });
}

TEST(ResolverServers, LostDatagramsAreAskedAgain) {
  World world([count = 0](const dns::Query& query, bool) mutable {
    return ++count < 3 ? drops() : one_address(query, false);
  });
  world.run([](World& w) -> Task<void> {
    EXPECT_EQ((co_await w.ask("a.example"))->status, DnsStatus::found);
    EXPECT_EQ(w.first->queries(), 3U);
    EXPECT_NE(w.first->udp_queries[0].id, w.first->udp_queries[1].id);
  });
}

TEST(ResolverServers, DnsDownIsTemporaryWithinItsTime) {
  World world([](const dns::Query&, bool) { return drops(); });
  world.run([](World& w) -> Task<void> {
    const MonoTime began = w.reactor.now();
    const SharedAnswer answer = co_await w.ask("a.example");
    EXPECT_EQ(answer->status, DnsStatus::temporary_failure);
    EXPECT_EQ(answer->reason, "no answer from 192.0.2.53:53");
    EXPECT_LT(w.reactor.now() - began, seconds(7));
    EXPECT_EQ(w.first->queries(), 3U);
  });
}

TEST(ResolverServers, NobodyListeningIsTemporaryAndSoonSaid) {
  World world(one_address);
  world.settings.servers = {SocketAddress::parse("192.0.2.99:53").value()};
  world.run([](World& w) -> Task<void> {
    const MonoTime began = w.reactor.now();
    const SharedAnswer answer = co_await w.ask("a.example");
    EXPECT_EQ(answer->status, DnsStatus::temporary_failure);
    EXPECT_EQ(answer->reason, "nobody answers at 192.0.2.99:53");
    EXPECT_LT(w.reactor.now() - began, seconds(2));
  });
}

TEST(ResolverServers, SurvivesLossOnTheWay) {
  World world(one_address);
  world.simulation->faults().datagram_loss = 0.3;
  world.run([](World& w) -> Task<void> {
    int found = 0;
    for (int i = 0; i < 100; ++i) {
      found += (co_await w.ask("h" + std::to_string(i) + ".example"))->status == DnsStatus::found;
    }
    EXPECT_GT(found, 80);
    EXPECT_GT(w.resolver->counters().timeouts, 10U);
  });
}

TEST(ResolverServers, ForgedIdsDoNotEndTheWait) {
  World world([](const dns::Query& query, bool) {
    DnsReaction reaction = one_address(query, false);
    reaction.wrong_ids = 5;
    return reaction;
  });
  world.run([](World& w) -> Task<void> {
    EXPECT_EQ((co_await w.ask("a.example"))->status, DnsStatus::found);
    EXPECT_EQ(w.resolver->counters().tcp, 0U);
    EXPECT_GE(w.resolver->counters().strays, 1U);
  });
}

TEST(ResolverServers, ManyForgedIdsMoveTheQuestionToTcp) {
  World world([](const dns::Query& query, bool tcp) {
    DnsReaction reaction =
        answers({a_record(query.question.name, tcp ? "198.51.100.7" : "203.0.113.66")});
    reaction.wrong_ids = 200;
    reaction.raw = tcp ? "" : std::string(10, '\0');  // the right id, and no answer
    return reaction;
  });
  world.run([](World& w) -> Task<void> {
    const SharedAnswer answer = co_await w.ask("a.example");
    EXPECT_EQ(answer->status, DnsStatus::found);
    EXPECT_EQ(std::get<IpAddress>(answer->records.at(0).data).text(), "198.51.100.7");
    EXPECT_EQ(w.resolver->counters().tcp, 1U);
    EXPECT_EQ(w.resolver->counters().strays, 8U);
  });
}

TEST(ResolverServers, AnswersFromOthersAreNotHeard) {
  World world([](const dns::Query&, bool) { return drops(); });
  world.run([](World& w) -> Task<void> {
    // Someone else answers with the right id and question, from another address.
    const auto flight = [](World& x) -> Task<void> {
      const auto forger = x.reactor.open_datagram(
          {.bind = SocketAddress::parse("192.0.2.66:53").value(), .peer = std::nullopt});
      (void)co_await x.reactor.sleep_for(milliseconds(100));
      dns::Response forged{.id = x.first->udp_queries.at(0).id,
                           .question = x.first->udp_queries.at(0).question};
      forged.answers = {a_record("a.example", "203.0.113.66")};
      (void)co_await (*forger)->send(x.first->askers.at(0),
                                     dns::encode_response(forged, 512).value(), {});
    };
    w.reactor.spawn(flight(w));
    EXPECT_EQ((co_await w.ask("a.example"))->status, DnsStatus::temporary_failure);
    EXPECT_EQ(w.resolver->counters().strays, 0U);
  });
}

TEST(ResolverServers, TruncationLeadsToTcp) {
  World world([](const dns::Query& query, bool) {
    std::vector<dns::Record> records;
    for (int i = 0; i < 200; ++i) {
      records.push_back(a_record(query.question.name, "198.51.100." + std::to_string(i)));
    }
    return answers(std::move(records));
  });
  world.run([](World& w) -> Task<void> {
    const SharedAnswer answer = co_await w.ask("many.example");
    EXPECT_EQ(answer->records.size(), 200U);
    EXPECT_EQ(w.first->tcp_queries.size(), 1U);
    EXPECT_EQ(w.resolver->counters().tcp, 1U);
  });
}

TEST(ResolverServers, TcpThatFailsLeadsToTheNextServer) {
  World world(
      [](const dns::Query& query, bool) {
        DnsReaction reaction = one_address(query, false);
        reaction.truncate = true;
        reaction.close = true;
        return reaction;
      },
      one_address);
  world.run([](World& w) -> Task<void> {
    EXPECT_EQ((co_await w.ask("a.example"))->status, DnsStatus::found);
    EXPECT_EQ(w.first->tcp_queries.size(), 1U);
    EXPECT_EQ(w.second->queries(), 1U);
  });
}

TEST(ResolverServers, TcpThatStallsIsBounded) {
  World world([](const dns::Query& query, bool tcp) {
    DnsReaction reaction = one_address(query, tcp);
    reaction.truncate = true;
    reaction.drop = tcp;
    return reaction;
  });
  world.run([](World& w) -> Task<void> {
    const MonoTime began = w.reactor.now();
    EXPECT_EQ((co_await w.ask("a.example"))->status, DnsStatus::temporary_failure);
    EXPECT_LT(w.reactor.now() - began, seconds(3));
  });
}

TEST(ResolverServers, ServersThatChokeOnEdnsAreAskedWithout) {
  for (const auto code : {ResponseCode::format_error, ResponseCode::not_implemented}) {
    World world([code](const dns::Query& query, bool) {
      return query.edns ? says(code) : one_address(query, false);
    });
    world.run([](World& w) -> Task<void> {
      EXPECT_EQ((co_await w.ask("a.example"))->status, DnsStatus::found);
      EXPECT_EQ(w.first->queries(), 2U);
      EXPECT_EQ((co_await w.ask("b.example"))->status, DnsStatus::found);
      EXPECT_EQ(w.first->queries(), 3U);  // remembered
      (void)co_await w.reactor.sleep_for(minutes(11));
      (void)co_await w.ask("c.example");
      EXPECT_EQ(w.first->queries(), 5U);  // and tried again
    });
  }
}

}  // namespace
}  // namespace postrider::net
