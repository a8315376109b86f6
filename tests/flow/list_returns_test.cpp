// What comes back from the members of a list is counted by member, whatever core hears of it, and
// still there after a restart.
#include "../store/store_fixture.hpp"

#include <algorithm>
#include <gtest/gtest.h>

#include <postrider/flow/list_returns.hpp>

namespace postrider::flow {
namespace {

Event bounce(std::string to, EventKind kind = EventKind::bounced, std::string list = "news") {
  Event event;
  event.kind = kind;
  event.from = list + "-bounces@here.example";
  event.to = std::move(to);
  event.code = 550;
  event.enhanced = "5.1.1";
  event.text = "no such user";
  return event;
}

TEST(ListReturnOf, KnowsPostsThatFailed) {
  Event event = bounce("Ann@There.Example");
  event.time = *parse_rfc3339("2026-11-23T06:00:00Z");
  const auto found = list_return_of(event, "mail.here.example");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->list, "news@here.example");
  EXPECT_EQ(found->one.member, "ann@there.example");
  EXPECT_EQ(found->one.count, 1U);
  EXPECT_EQ(found->one.last, event.time);
  EXPECT_EQ(found->one.enhanced, "5.1.1");
  EXPECT_EQ(found->code, 550U);
  for (const EventKind kind : {EventKind::expired, EventKind::bounce_received}) {
    EXPECT_TRUE(list_return_of(bounce("a@b.example", kind), "h"));
  }
  for (const EventKind kind : {EventKind::delivered, EventKind::deferred, EventKind::deleted,
                               EventKind::complaint_received, EventKind::autoreply_received}) {
    EXPECT_FALSE(list_return_of(bounce("a@b.example", kind), "h"));
  }
}

TEST(ListReturnOf, IsNoneOfOtherMailNorOfADelay) {
  Event event = bounce("a@b.example");
  event.from = "joe@here.example";
  EXPECT_FALSE(list_return_of(event, "h"));
  event.from = "";
  EXPECT_FALSE(list_return_of(event, "h"));
  event = bounce("", EventKind::bounce_received);
  EXPECT_FALSE(list_return_of(event, "h"));
  event = bounce("a@b.example", EventKind::bounce_received);
  event.action = "delayed";
  EXPECT_FALSE(list_return_of(event, "h"));
  event.action = "failed";
  event.remote = "Mail.Here.example";
  EXPECT_FALSE(list_return_of(event, "mail.here.example")) << "our own report of it";
  EXPECT_TRUE(list_return_of(event, "h"));
}

TEST(MemberReturns, AreReadBackAsTheyWereWritten) {
  const MemberReturns returns{.member = {},
                              .count = 7,
                              .last = *parse_rfc3339("2026-11-23T06:00:00Z"),
                              .bounce_class = "bad-mailbox",
                              .enhanced = "5.1.1",
                              .text = "no"};
  const std::string octets = encode_member_returns(returns);
  EXPECT_EQ(parse_member_returns(octets), returns);
  for (std::size_t size = 0; size < octets.size(); ++size) {
    EXPECT_FALSE(parse_member_returns(octets.substr(0, size))) << size;
  }
  EXPECT_FALSE(parse_member_returns(octets + "x"));
}

struct CountedEvents final : EventSink {
  int count = 0;
  void emit(Event) override { ++count; }
};

class ListBounces : public testing::Test {
 public:
  ~ListBounces() override { close(); }

 protected:
  ListBounces() { open(); }
  void open() {
    home = std::make_unique<ListReturns>(twin.reactor(), twin.store().facts(0), twin.accounts());
  }
  void close() {
    twin.simulation().run(home->drain());
    home.reset();
  }
  void add_alias(const std::string& name, store::AliasKind kind = store::AliasKind::list) {
    ASSERT_TRUE(twin.run(twin.accounts().save_alias({.address = name, .kind = kind}, true)));
  }
  void note(Event event) {
    event.time = twin.reactor().wall_now();
    home->note(*list_return_of(event, "h"));
  }
  std::vector<MemberReturns> of(const std::string& list) { return twin.run(home->of(list)); }

  store::Twin twin{1, 2};
  std::unique_ptr<ListReturns> home;
};

TEST_F(ListBounces, AreCountedByMember) {
  add_alias("news@here.example");
  note(bounce("ann@there.example"));
  note(bounce("bob@there.example"));
  twin.simulation().run_for(std::chrono::hours(1));
  Event last = bounce("Ann@there.example");
  last.enhanced = "5.2.2";
  last.code = 552;
  last.text = "mailbox full";
  note(last);
  const auto all = of("News@here.example");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].member, "ann@there.example") << "the last first";
  EXPECT_EQ(all[0].count, 2U);
  EXPECT_EQ(all[0].enhanced, "5.2.2");
  EXPECT_EQ(all[0].text, "mailbox full");
  EXPECT_EQ(all[0].bounce_class,
            report::BounceRules::built_in().classify(
                {.enhanced = "5.2.2", .reply = "552", .text = "mailbox full"}));
  EXPECT_EQ(all[1].member, "bob@there.example");
  EXPECT_EQ(all[1].count, 1U);
}

TEST_F(ListBounces, AreAddedToWhatIsKept) {
  add_alias("news@here.example");
  note(bounce("ann@there.example"));
  close();
  twin.lose_power();
  open();
  EXPECT_EQ(of("news@here.example").front().count, 1U) << "written at the end";
  home->start();
  note(bounce("ann@there.example"));
  twin.simulation().run_for(ListReturns::write_every + std::chrono::seconds(1));
  twin.simulation().kill_tasks();
  home.reset();
  twin.lose_power();
  open();
  EXPECT_EQ(of("news@here.example").front().count, 2U) << "written now and then";
}

TEST_F(ListBounces, ListsAreApart) {
  add_alias("new@here.example");
  add_alias("news@here.example");
  note(bounce("ann@there.example"));
  note(bounce("bob@there.example", EventKind::bounced, "new"));
  ASSERT_EQ(of("new@here.example").size(), 1U);
  EXPECT_EQ(of("new@here.example").front().member, "bob@there.example");
  ASSERT_EQ(of("news@here.example").size(), 1U);
  EXPECT_TRUE(of("new").empty());
}

TEST_F(ListBounces, OnlyThoseOfListsAreKept) {
  add_alias("team@here.example", store::AliasKind::group);
  note(bounce("ann@there.example", EventKind::bounced, "team"));
  note(bounce("ann@there.example", EventKind::bounced, "nobody"));
  EXPECT_TRUE(of("team@here.example").empty());
  EXPECT_TRUE(of("nobody@here.example").empty());
  const auto facts = twin.run(twin.store().facts(0).list(store::FactKind::list_returns, "", 10));
  EXPECT_TRUE(facts && facts->empty());
}

TEST_F(ListBounces, TakeSoMuchMemoryAndNoMore) {
  add_alias("news@here.example");
  for (std::size_t i = 0; i < ListReturns::pending_max + 500; ++i) {
    note(bounce("m" + std::to_string(i) + "@there.example"));
  }
  note(bounce("m0@there.example"));
  twin.simulation().run(home->flush());
  std::size_t kept = 0;
  std::string after;
  for (bool more = true; more;) {
    const auto facts =
        twin.run(twin.store().facts(0).list(store::FactKind::list_returns, after, 1000));
    ASSERT_TRUE(facts);
    kept += facts->size();
    more = facts->size() == 1000;
    after = facts->empty() ? "" : facts->back().name;
  }
  EXPECT_EQ(kept, ListReturns::pending_max);
  const auto all = of("news@here.example");
  const auto first = std::ranges::find(all, "m0@there.example", &MemberReturns::member);
  ASSERT_NE(first, all.end());
  EXPECT_EQ(first->count, 2U) << "one that is gathered is counted on";
}

TEST_F(ListBounces, AreForgottenWhenTheyAreOld) {
  add_alias("news@here.example");
  note(bounce("ann@there.example"));
  twin.simulation().run(home->flush());
  twin.simulation().run_for(ListReturns::lifetime - std::chrono::hours(1));
  note(bounce("bob@there.example"));
  twin.simulation().run(home->flush());
  EXPECT_EQ(twin.run(home->sweep(twin.reactor().wall_now())), 0U);
  twin.simulation().run_for(std::chrono::hours(2));
  EXPECT_EQ(twin.run(home->sweep(twin.reactor().wall_now())), 1U);
  const auto all = of("news@here.example");
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].member, "bob@there.example");
}

TEST_F(ListBounces, AreHeardOfOnEveryCore) {
  add_alias("news@here.example");
  CountedEvents next;
  ListReturnsTap here(twin.simulation(), twin.reactor(0), *home, 0, "h", next);
  ListReturnsTap there(twin.simulation(), twin.reactor(1), *home, 0, "h", next);
  here.emit(bounce("ann@there.example"));
  there.emit(bounce("ann@there.example"));
  there.emit(bounce("ann@there.example", EventKind::delivered));
  twin.simulation().run_for(std::chrono::seconds(1));
  EXPECT_EQ(next.count, 3) << "each is passed on";
  ASSERT_EQ(of("news@here.example").size(), 1U);
  EXPECT_EQ(of("news@here.example").front().count, 2U);
}

}  // namespace
}  // namespace postrider::flow
