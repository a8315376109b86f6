#include "service/imap/facts_table.hpp"

#include <gtest/gtest.h>

namespace postrider::imap {
namespace {

store::MailRow row_of(store::Uid uid, store::ModSeq modseq = 1) {
  store::MailRow row{uid, {}};
  row.facts.modseq = modseq;
  row.facts.body_bytes = uid * 10;
  return row;
}

std::vector<store::Uid> uids_in(const std::optional<std::vector<store::MailRow>>& rows) {
  std::vector<store::Uid> out;
  for (const store::MailRow& row : rows.value_or(std::vector<store::MailRow>{})) {
    EXPECT_EQ(row.facts.body_bytes, row.uid * 10);
    out.push_back(row.uid);
  }
  return out;
}

TEST(FactsTable, FindsAllThatIsAskedForOrNothing) {
  FactsBudget budget;
  FactsTable table(budget);
  const std::vector<store::Uid> there{5000, 3, 1023, 1024, 1, 1025};
  for (const store::Uid uid : there) {
    table.add(row_of(uid));
  }
  const std::vector<store::Uid> all{1, 3, 1023, 1024, 1025, 5000};
  EXPECT_EQ(uids_in(table.find(all)), all);
  EXPECT_EQ(uids_in(table.find({3, 1024, 5000})), (std::vector<store::Uid>{3, 1024, 5000}));
  for (const std::vector<store::Uid>& uids :
       {std::vector<store::Uid>{3, 4}, {2}, {2048}, {5001}, {1, 3, 1023, 1024, 1025, 5000, 5001}}) {
    EXPECT_FALSE(table.find(uids).has_value()) << uids.back();
  }
  EXPECT_TRUE(table.find({}).has_value());
}

TEST(FactsTable, TheLatestFlagsStand) {
  FactsBudget budget;
  FactsTable table(budget);
  table.add(row_of(7, 5));
  table.set_flags(7, {store::SystemFlag::seen, {}}, 4);  // it was read after that change
  EXPECT_EQ(table.find({7})->front().facts.flags.system, 0);
  table.set_flags(7, {store::SystemFlag::flagged, {"$a"}}, 6);
  EXPECT_EQ(table.find({7})->front().facts.flags,
            (store::MailFlags{store::SystemFlag::flagged, {"$a"}}));
  EXPECT_EQ(table.find({7})->front().facts.modseq, 6U);
  table.set_flags(8, {}, 7);  // of one that nobody has asked for
  EXPECT_FALSE(table.find({8}).has_value());
  table.erase(7);
  EXPECT_FALSE(table.find({7}).has_value());
}

TEST(FactsTable, KeepsWithinTheBudgetAndGivesItBack) {
  FactsBudget budget{.left = 3};
  {
    FactsTable table(budget);
    for (store::Uid uid = 1; uid <= 5; ++uid) {
      table.add(row_of(uid));
    }
    EXPECT_EQ(table.size(), 3U);
    EXPECT_EQ(budget.left, 0U);
    table.erase(2);
    table.erase(2);
    EXPECT_EQ(budget.left, 1U);
    table.add(row_of(9));
    EXPECT_EQ(uids_in(table.find({1, 3, 9})), (std::vector<store::Uid>{1, 3, 9}));
  }
  EXPECT_EQ(budget.left, 3U);
}

}  // namespace
}  // namespace postrider::imap
