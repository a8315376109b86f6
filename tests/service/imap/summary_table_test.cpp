#include "service/imap/summary_table.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace postrider::imap {
namespace {

SummaryPageRef page_of(const std::vector<store::Uid>& uids, std::size_t text_octets = 10) {
  SummaryPageMaker maker(1);
  for (const store::Uid uid : uids) {
    const std::string id = std::to_string(uid) + std::string(text_octets, 'x');
    SummaryView view;
    view.id = id;
    maker.add({.uid = uid}, view);
  }
  return maker.finish();
}

store::UidSet set_of(const std::vector<store::Uid>& uids) {
  store::UidSet set;
  for (const store::Uid uid : uids) {
    set.insert(uid);
  }
  return set;
}

TEST(SummaryTable, KeepsPagesOfUids) {
  EXPECT_EQ(SummaryTable::page_of(1023), 0U);
  EXPECT_EQ(SummaryTable::page_of(1024), 1U);
  SummaryBudget budget{.left = 1'000'000};
  SummaryTable table(budget);
  const SummaryPageRef first = page_of({1, 2});
  const SummaryPageRef second = page_of({1024});
  table.put(0, first, set_of({1, 2, 1024}));
  table.put(1, second, set_of({1, 2, 1024}));
  EXPECT_EQ(table.find(0), first);
  EXPECT_EQ(table.find(1), second);
  EXPECT_EQ(table.find(2), nullptr);
  const SummaryPageRef more = page_of({1, 2, 3});
  table.put(0, more, set_of({1, 2, 3, 1024}));
  EXPECT_EQ(table.find(0), more);
}

TEST(SummaryTable, APageGoesWithMostOfItsMessages) {
  SummaryBudget budget{.left = 1'000'000};
  SummaryTable table(budget);
  table.put(0, page_of({1, 2, 3, 4}), set_of({1, 2, 3, 4}));
  table.erase(9);     // was never read
  table.erase(5000);  // nor any of its page
  table.erase(2);
  table.erase(1);
  ASSERT_NE(table.find(0), nullptr);
  table.erase(4);
  EXPECT_EQ(table.find(0), nullptr);
  EXPECT_EQ(budget.left, 1'000'000U);
  // Who is still shown what has gone may have read it.
  table.put(0, page_of({1, 2, 3, 4}), set_of({3}));
  EXPECT_EQ(table.find(0), nullptr);
  table.put(0, page_of({1, 2, 3, 4}), set_of({3, 4}));
  EXPECT_NE(table.find(0), nullptr);
  table.erase(3);
  EXPECT_EQ(table.find(0), nullptr);
}

TEST(SummaryTable, TwoMailboxesShareTheBudget) {
  const SummaryPageRef small = page_of({1});
  const SummaryPageRef large = page_of({1, 2}, 5000);
  SummaryBudget budget{.left = large->memory_bytes() + small->memory_bytes()};
  const std::size_t whole = budget.left;
  SummaryTable other(budget);
  {
    SummaryTable table(budget);
    table.put(0, large, set_of({1, 2}));
    EXPECT_LE(budget.left, whole - large->memory_bytes());  // no less than it takes
    other.put(0, large, set_of({1, 2}));
    EXPECT_EQ(other.find(0), nullptr);
    EXPECT_FALSE(other.has_room(10));
    table.put(0, small, set_of({1}));  // in place of the large one
    EXPECT_EQ(table.find(0), small);
    EXPECT_TRUE(other.has_room(10));
    table.put(0, page_of({1, 2}, 50'000), set_of({1, 2}));  // no room: the one before stays
    EXPECT_EQ(table.find(0), small);
  }
  EXPECT_EQ(budget.left, whole);  // the mailbox was closed
  other.put(0, large, set_of({1, 2}));
  EXPECT_EQ(other.find(0), large);
}

}  // namespace
}  // namespace postrider::imap
