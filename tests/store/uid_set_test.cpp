#include <gtest/gtest.h>
#include <iterator>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include <postrider/store/uid_set.hpp>

namespace postrider::store {
namespace {

constexpr Uid largest = std::numeric_limits<Uid>::max();

void expect_same(const UidSet& subject, const std::set<Uid>& model, Uid around) {
  ASSERT_EQ(subject.size(), model.size());
  EXPECT_EQ(subject.contains(around), model.contains(around));
  const auto after = model.lower_bound(around);
  EXPECT_EQ(subject.at_or_after(around),
            after == model.end() ? std::nullopt : std::optional(*after));
  const auto above = model.upper_bound(around);
  EXPECT_EQ(subject.at_or_before(around),
            above == model.begin() ? std::nullopt : std::optional(*std::prev(above)));
  const auto rank = static_cast<std::uint32_t>(std::distance(model.begin(), after));
  EXPECT_EQ(subject.count_below(around), rank);
  EXPECT_EQ(subject.nth(rank), after == model.end() ? std::nullopt : std::optional(*after));
}

TEST(UidSet, IsEmptyAtFirst) {
  const UidSet set;
  EXPECT_TRUE(set.is_empty());
  EXPECT_EQ(set.first(), std::nullopt);
  EXPECT_EQ(set.last(), std::nullopt);
  EXPECT_EQ(set.at_or_after(1), std::nullopt);
  EXPECT_EQ(set.at_or_before(largest), std::nullopt);
  EXPECT_EQ(set.count_below(largest), 0U);
  EXPECT_EQ(set.nth(0), std::nullopt);
}

TEST(UidSet, KnowsTheEndsOfPagesAndOfTheNumbers) {
  const std::set<Uid> edges = {1,    63,   64,    4095,        4096,           4097,
                               8191, 8192, 65535, largest / 2, largest - 4096, largest};
  UidSet set;
  for (const Uid uid : edges) {
    EXPECT_TRUE(set.insert(uid));
    EXPECT_FALSE(set.insert(uid));
  }
  for (const Uid uid : edges) {
    expect_same(set, edges, uid);
    expect_same(set, edges, uid - 1);
    expect_same(set, edges, uid == largest ? uid : uid + 1);
  }
  EXPECT_EQ(set.first(), 1U);
  EXPECT_EQ(set.last(), largest);
  EXPECT_EQ(set.members(), std::vector<Uid>(edges.begin(), edges.end()));
}

TEST(UidSet, TellsWhatAnotherLacks) {
  UidSet one;
  UidSet other;
  for (const Uid uid : {1U, 64U, 5000U, 9000U, largest}) {
    one.insert(uid);
  }
  EXPECT_EQ(one.without(other), one.members());
  EXPECT_TRUE(one.without(one).empty());
  other.insert(64);
  other.insert(5001);
  other.insert(largest);
  EXPECT_EQ(one.without(other), (std::vector<Uid>{1, 5000, 9000}));
  EXPECT_EQ(one.without(other, 2), (std::vector<Uid>{1, 5000}));
  EXPECT_TRUE(one.without(other, 0).empty());
  EXPECT_EQ(other.without(one), std::vector<Uid>{5001});
}

TEST(UidSet, BehavesAsASetDoes) {
  for (const std::uint32_t seed : {1U, 2U, 3U}) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::uniform_int_distribution<Uid> uids(0, 20'000);
    UidSet subject;
    std::set<Uid> model;
    for (int step = 0; step < 20'000; ++step) {
      const Uid uid = uids(random);
      if (random() % 3 != 0) {
        EXPECT_EQ(subject.insert(uid), model.insert(uid).second);
      } else {
        EXPECT_EQ(subject.erase(uid), model.erase(uid) == 1);
      }
      if (step % 97 == 0) {
        expect_same(subject, model, uids(random));
      }
    }
    while (!model.empty()) {
      EXPECT_TRUE(subject.erase(*model.begin()));
      model.erase(model.begin());
    }
    EXPECT_EQ(subject, UidSet{});
  }
}

TEST(UidSet, IsPutTogetherFromItsPages) {
  UidSet whole;
  for (Uid uid = 3; uid < 30'000; uid += 7) {
    whole.insert(uid);
  }
  UidSet copy;
  for (auto page = whole.pages().rbegin(); page != whole.pages().rend(); ++page) {
    UidSet::Page lying = *page;
    lying.count = 1;  // what a record says about its own count is not believed
    copy.set_page(lying);
  }
  EXPECT_EQ(copy, whole);
  copy.set_page({.number = 2});
  EXPECT_EQ(copy.page(2), nullptr);
  EXPECT_EQ(copy.size(), whole.size() - whole.page(2)->count);
}

}  // namespace
}  // namespace postrider::store
