// Which names of a message lists of domains are asked for, and what follows from what they answer.
#include "table_resolver.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/engine/simulation.hpp>
#include <postrider/policy/list_verdict.hpp>

namespace postrider::policy {
namespace {

using enum NameRole;

class DomainLists : public testing::Test {
 protected:
  std::vector<DnsListAnswer> ask(std::vector<DomainList> lists, std::vector<ListedName> names,
                                 const PublicSuffixList* suffixes = nullptr) {
    std::vector<DnsListAnswer> out;
    simulation->run(run(&out, std::move(lists), std::move(names), suffixes));
    return out;
  }
  engine::Task<void> run(std::vector<DnsListAnswer>* out, std::vector<DomainList> lists,
                         std::vector<ListedName> names, const PublicSuffixList* suffixes) {
    *out = co_await look_up_names(resolver, std::move(lists), std::move(names), suffixes,
                                  {reactor.now() + std::chrono::seconds(5), {}});
  }
  std::unique_ptr<engine::Simulation> simulation = engine::Simulation::create({});
  engine::Reactor& reactor = simulation->reactor(0);
  TableResolver resolver{reactor};
};

TEST_F(DomainLists, AreAskedForTheirRolesAndEachNameOnce) {
  resolver.address("spam.example.dbl.example", "127.0.1.2");
  resolver.txt("spam.example.dbl.example", "its words");
  const DomainList list{{.zone = "dbl.example"}, {sender, from}};
  const auto found = ask({list}, {{helo, "helo.example"},
                                  {sender, "SPAM.example."},
                                  {from, "spam.example"},
                                  {from, "clean.example"}});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].state, DnsListState::listed);
  EXPECT_EQ(describe(found[0].listing),
            "sender domain spam.example is listed by dbl.example (127.0.1.2: its words)");
  EXPECT_EQ(found[1].state, DnsListState::clean);
  EXPECT_EQ(resolver.lookups, 3);  // and the text of one
}

TEST_F(DomainLists, AreNotAskedForWhatIsNoName) {
  const DomainList list{{.zone = "dbl.example"}, {helo}};
  EXPECT_TRUE(ask({list}, {{helo, "[192.0.2.1]"},
                           {helo, "192.0.2.1"},
                           {helo, "localhost"},
                           {helo, ""},
                           {helo, "bad name.example"},
                           {helo, "a..example"},
                           {helo, std::string(300, 'a') + ".example"}})
                  .empty());
  // One that fits by itself, but not before the list's name.
  std::string name = "example";
  while (name.size() < 230) {
    name = "abcdefgh." + name;
  }
  EXPECT_TRUE(
      ask({{{.zone = "a.rather.long.zone.of.a.list.example"}, {helo}}}, {{helo, name}}).empty());
  EXPECT_EQ(resolver.lookups, 0);
}

TEST_F(DomainLists, AreAskedForSoManyNamesAndNoMore) {
  std::vector<ListedName> names;
  for (int i = 0; i < 1000; ++i) {
    names.push_back({dkim, "d" + std::to_string(i) + ".example"});
  }
  EXPECT_EQ(ask({{{.zone = "dbl.example"}, {dkim}}}, names).size(), listed_names_max);
}

TEST_F(DomainLists, ThatHoldOrganizationalDomainsAreAskedForThose) {
  const auto suffixes = PublicSuffixList::load();
  ASSERT_TRUE(suffixes) << "install publicsuffix";
  resolver.address("spam.co.uk.uribl.example", "127.0.0.2");
  const DomainList list{{.zone = "uribl.example"}, {from}, true};
  const auto found = ask(
      {list}, {{from, "a.b.spam.co.uk"}, {from, "mail.spam.co.uk"}, {from, "co.uk"}}, &*suffixes);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].listing.subject, "spam.co.uk");
}

TEST_F(DomainLists, AnswersAreReadByTheirPatterns) {
  resolver.address("x.example.dbl.example", "127.0.1.102");      // "abused, else fine"
  resolver.address("y.example.dbl.example", "127.0.1.255");      // "you asked for an address"
  resolver.address("z.example.dbl.example", "127.255.255.254");  // "asked too often"
  resolver.address("p.example.dbl.example", "192.0.2.1");        // the zone was sold
  const DomainList list{
      {.zone = "dbl.example", .answers = {*AnswerPattern::parse("127.0.1.[2..99]")}}, {from}};
  const auto found = ask(
      {list}, {{from, "x.example"}, {from, "y.example"}, {from, "z.example"}, {from, "p.example"}});
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].state, DnsListState::clean);
  EXPECT_EQ(found[1].state, DnsListState::faulty);
  EXPECT_EQ(found[2].state, DnsListState::faulty);
  EXPECT_EQ(found[2].listing.answer, "127.255.255.254");
  EXPECT_EQ(found[3].state, DnsListState::faulty);
  EXPECT_TRUE(listings_of(found).empty());
}

TEST_F(DomainLists, ThatDoNotAnswerAreSilentInTime) {
  resolver.dead = true;
  const MonoTime begun = reactor.now();
  const auto found = ask({{{.zone = "a.example"}, {from}}, {{.zone = "b.example"}, {from}}},
                         {{from, "x.example"}, {from, "y.example"}});
  EXPECT_LE(reactor.now() - begun, std::chrono::seconds(6));
  ASSERT_EQ(found.size(), 4U);
  // TableResolver says no status of its own when it is dead; no listing comes of it.
  EXPECT_TRUE(listings_of(found).empty());
}

DnsListing listing(std::string zone, DnsListAction action, std::int32_t weight = 1) {
  return {std::move(zone), action, "127.0.0.2", "", "x.example", from, weight};
}

TEST(ListVerdict, IsTheWorstThatIsAskedFor) {
  using enum DnsListAction;
  EXPECT_EQ(judge_listings({}, {}).reason, "");
  const auto tagged = judge_listings({listing("a", tag), listing("b", tag)}, {});
  EXPECT_EQ(tagged.action, tag);
  EXPECT_TRUE(tagged.reason.contains("listed by a")) << tagged.reason;
  EXPECT_TRUE(tagged.reason.contains("listed by b")) << tagged.reason;
  EXPECT_EQ(judge_listings({listing("a", tag), listing("b", junk)}, {}).action, junk);
  EXPECT_EQ(judge_listings({listing("a", defer), listing("b", junk)}, {}).action, defer);
  const auto refused = judge_listings({listing("a", defer), listing("b", reject)}, {});
  EXPECT_EQ(refused.action, reject);
  EXPECT_TRUE(refused.reason.contains("listed by b")) << refused.reason;
  EXPECT_FALSE(refused.reason.contains("listed by a")) << refused.reason;
  EXPECT_EQ(judge_listings({listing("a", reject), listing("wl", allow)}, {}).action, allow);
}

TEST(ListVerdict, AddsWeights) {
  using enum DnsListAction;
  const ListThresholds thresholds{.reject = 5, .junk = 3};
  const auto judge = [&](std::vector<std::int32_t> weights) {
    std::vector<DnsListing> all;
    for (const std::int32_t weight : weights) {
      all.push_back(listing("l", score, weight));
    }
    return judge_listings(all, thresholds);
  };
  EXPECT_EQ(judge({2}).action, tag);
  EXPECT_EQ(judge({2, 1}).action, junk);
  EXPECT_EQ(judge({2, 3}).action, reject);
  EXPECT_EQ(judge({2, 3}).score, 5);
  EXPECT_EQ(judge({2, 3, -1}).action, junk);
  EXPECT_EQ(judge({1000, 1000, -2000}).action, tag);
  EXPECT_EQ(judge_listings({listing("l", score, 1000)}, {}).action, tag) << "no thresholds";
}

}  // namespace
}  // namespace postrider::policy
