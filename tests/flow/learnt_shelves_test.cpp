#include "../store/store_fixture.hpp"

#include <gtest/gtest.h>

#include <postrider/flow/learnt_shelves.hpp>

// What policy has learnt is in the store: durable, by name, and not taken for what the other shelf
// holds.
namespace postrider::flow {
namespace {

using store::Twin;
using Entries = std::vector<policy::DayShelf::Entry>;

engine::Task<bool> done(engine::Task<void> task) {
  co_await std::move(task);
  co_return true;
}

Entries entries(std::initializer_list<std::pair<const char*, const char*>> list) {
  Entries out;
  for (const auto& [name, octets] : list) {
    out.push_back({name, octets});
  }
  return out;
}

TEST(StoredStsPolicies, SurviveAPowerCut) {
  Twin twin;
  {
    StoredStsPolicies shelf(twin.store().facts(0));
    EXPECT_EQ(twin.run(shelf.load("a.example")), std::nullopt);
    EXPECT_TRUE(twin.run(done(shelf.save("a.example", "one"))));
    EXPECT_TRUE(twin.run(done(shelf.save("a.example", "two"))));
    EXPECT_TRUE(twin.run(done(shelf.save("b.example", std::string("\0\xFF", 2)))));
  }
  twin.lose_power();
  StoredStsPolicies shelf(twin.store().facts(0));
  EXPECT_EQ(twin.run(shelf.load("a.example")), "two");
  EXPECT_EQ(twin.run(shelf.load("b.example")), std::string("\0\xFF", 2));
  EXPECT_TRUE(twin.run(done(shelf.remove("a.example"))));
  EXPECT_TRUE(twin.run(done(shelf.remove("a.example"))));  // again
  EXPECT_EQ(twin.run(shelf.load("a.example")), std::nullopt);
}

TEST(StoredStsPolicies, AreListedInPages) {
  Twin twin;
  StoredStsPolicies shelf(twin.store().facts(0));
  for (const char* domain : {"c.example", "a.example", "b.example"}) {
    EXPECT_TRUE(twin.run(done(shelf.save(domain, "x"))));
  }
  using Names = std::vector<std::string>;
  EXPECT_EQ(twin.run(shelf.list("", 2)), (Names{"a.example", "b.example"}));
  EXPECT_EQ(twin.run(shelf.list("b.example", 2)), Names{"c.example"});
  EXPECT_EQ(twin.run(shelf.list("c.example", 2)), Names{});
}

TEST(StoredDays, SurviveAPowerCut) {
  Twin twin;
  {
    StoredDays shelf(twin.store().facts(0), store::FactKind::tls_report);
    EXPECT_TRUE(twin.run(shelf.save(entries({{"2026-01-01 a", "1"}, {"2026-01-02 a", "2"}}))));
    EXPECT_TRUE(twin.run(shelf.save(entries({{"2026-01-01 a", "3"}}))));
  }
  twin.lose_power();
  StoredDays shelf(twin.store().facts(0), store::FactKind::tls_report);
  EXPECT_EQ(twin.run(shelf.load("2026-01-01 a")), "3");
  const Entries listed = twin.run(shelf.list("2026-01-01 a", 10));
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].name, "2026-01-02 a");
  EXPECT_EQ(listed[0].octets, "2");
  EXPECT_TRUE(twin.run(done(shelf.remove({"2026-01-01 a", "2026-01-02 a"}))));
  EXPECT_TRUE(twin.run(shelf.list("", 10)).empty());
}

TEST(LearntShelves, AreTwo) {
  Twin twin;
  StoredStsPolicies policies(twin.store().facts(0));
  StoredDays reports(twin.store().facts(0), store::FactKind::tls_report);
  EXPECT_TRUE(twin.run(done(policies.save("same", "policy"))));
  EXPECT_TRUE(twin.run(reports.save(entries({{"same", "report"}}))));
  EXPECT_EQ(twin.run(policies.load("same")), "policy");
  EXPECT_EQ(twin.run(reports.load("same")), "report");
}

// A domain has one home core, but who sends the reports is core 0.
TEST(LearntShelves, EveryCoreSeesTheSame) {
  Twin twin(1, 2);
  StoredDays here(twin.store().facts(0), store::FactKind::tls_report);
  StoredDays there(twin.store().facts(1), store::FactKind::tls_report);
  EXPECT_TRUE(twin.run(here.save(entries({{"x", "1"}}))));
  EXPECT_EQ(twin.run(there.load("x")), "1");
}

}  // namespace
}  // namespace postrider::flow
