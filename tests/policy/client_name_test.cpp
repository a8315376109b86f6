#include "table_resolver.hpp"

#include <gtest/gtest.h>

#include <postrider/engine/simulation.hpp>
#include <postrider/policy/client_name.hpp>
#include <postrider/policy/dns_list.hpp>
#include <postrider/policy/reverse_name.hpp>

namespace postrider::policy {
namespace {

const IpAddress v4 = *IpAddress::parse("192.0.2.7");
const IpAddress v6 = *IpAddress::parse("2001:db8::567:89ab");
const std::string v4_name = "7.2.0.192.in-addr.arpa";

TEST(ReverseName, IsByOctetAndByNibble) {
  EXPECT_EQ(reverse_name(v4), v4_name);
  // The example of RFC 5782 2.4.
  EXPECT_EQ(reverse_name(*IpAddress::parse("2001:db8:1:2:3:4:567:89ab"), "v6bl.example"),
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.v6bl.example");
}

class ClientNames : public testing::Test {
 protected:
  ClientName ask(IpAddress address) {
    ClientName out;
    simulation->run(run(&out, address));
    return out;
  }
  engine::Task<void> run(ClientName* out, IpAddress address) {
    *out = co_await name_client(resolver, address, {reactor.now() + std::chrono::seconds(5), {}});
  }
  std::vector<DnsListing> look_up(std::vector<DnsList> lists) {
    std::vector<DnsListing> out;
    simulation->run(run_lists(&out, std::move(lists)));
    return out;
  }
  engine::Task<void> run_lists(std::vector<DnsListing>* out, std::vector<DnsList> lists) {
    *out = listings_of(co_await look_up_lists(resolver, std::move(lists), v4,
                                              {reactor.now() + std::chrono::seconds(5), {}}));
  }
  std::unique_ptr<engine::Simulation> simulation = engine::Simulation::create({});
  engine::Reactor& reactor = simulation->reactor(0);
  TableResolver resolver{reactor};
};

TEST_F(ClientNames, AreConfirmedByTheWayBack) {  // RFC 8601 3
  resolver.pointer(v4_name, "liar.example");
  resolver.pointer(v4_name, "mail.example.net");
  resolver.address("liar.example", "198.51.100.1");
  resolver.address("mail.example.net", "192.0.2.7");
  const ClientName found = ask(v4);
  EXPECT_EQ(found.status, ClientNameStatus::confirmed);
  EXPECT_EQ(found.name, "mail.example.net");
  resolver.pointer(reverse_name(v6), "six.example.net");
  resolver.address("six.example.net", v6.text());
  EXPECT_EQ(ask(v6).name, "six.example.net");
}

TEST_F(ClientNames, AreNotBelievedOtherwise) {
  EXPECT_EQ(ask(v4).status, ClientNameStatus::none);
  resolver.pointer(v4_name, "bad name(comment).example");
  EXPECT_EQ(ask(v4).status, ClientNameStatus::none);
  resolver.pointer(v4_name, "liar.example");
  resolver.address("liar.example", "198.51.100.1");
  EXPECT_EQ(ask(v4).status, ClientNameStatus::unconfirmed);
  EXPECT_EQ(ask(v4).name, "");
}

TEST_F(ClientNames, AreFollowedUpToALimit) {
  for (int i = 0; i < 50; ++i) {
    resolver.pointer(v4_name, "n" + std::to_string(i) + ".example");
  }
  EXPECT_EQ(ask(v4).status, ClientNameStatus::unconfirmed);
  EXPECT_EQ(resolver.lookups, 1 + static_cast<int>(client_names_max));
}

TEST_F(ClientNames, AreNotWaitedForLongerThanTheLimit) {
  resolver.dead = true;
  const MonoTime begun = reactor.now();
  EXPECT_EQ(ask(v4).status, ClientNameStatus::unknown);
  EXPECT_LE(reactor.now() - begun, std::chrono::seconds(6));
}

TEST_F(ClientNames, ListsSayWhoIsOnThem) {  // RFC 5782 2.1
  resolver.address("7.2.0.192.bl.example", "127.0.0.2");
  resolver.txt("7.2.0.192.bl.example", "see http://bl.example\r\n");
  resolver.address("7.2.0.192.blocked.example", "127.255.255.254");  // asked too often
  resolver.address("7.2.0.192.parked.example", "198.51.100.1");      // the list is no more
  resolver.address("7.2.0.192.second.example", "127.0.1.2");
  const auto found = look_up({{"bl.example", DnsListAction::reject},
                              {"blocked.example", DnsListAction::reject},
                              {"parked.example", DnsListAction::reject},
                              {"clean.example", DnsListAction::reject},
                              {"second.example", DnsListAction::junk}});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].zone, "bl.example");
  EXPECT_EQ(found[0].answer, "127.0.0.2");
  EXPECT_TRUE(found[0].text.starts_with("see http://bl.example")) << found[0].text;
  EXPECT_FALSE(found[0].text.contains('\n'));
  EXPECT_EQ(found[1].zone, "second.example");
  EXPECT_EQ(found[1].action, DnsListAction::junk);
}

TEST_F(ClientNames, ListsThatDoNotAnswerListNothing) {
  resolver.dead = true;
  EXPECT_TRUE(look_up({{"bl.example", DnsListAction::reject}}).empty());
}

}  // namespace
}  // namespace postrider::policy
