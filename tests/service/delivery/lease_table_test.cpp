#include "service/delivery/lease_table.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace postrider::delivery {
namespace {

using Lessee = LeaseTable::Lessee;

const std::string site = "mx.test\n";

// What the table has said, in order: "+0a" grants one to lane a of core 0, "-0a" recalls one.
class Recorder final : public LeaseTable::Listener {
 public:
  void on_granted(const Lessee& lessee) override { said.push_back('+' + name(lessee)); }
  void on_recalled(const Lessee& lessee) override { said.push_back('-' + name(lessee)); }
  std::vector<std::string> take() { return std::exchange(said, {}); }
  std::vector<std::string> said;

 private:
  static std::string name(const Lessee& lessee) {
    return std::to_string(lessee.core) + lessee.lane;
  }
};

using Said = std::vector<std::string>;

const Lessee a{0, "a"};
const Lessee b{1, "b"};
const Lessee c{2, "c"};

TEST(LeaseTable, GivesUpToTheLimitAndThenInTurn) {
  Recorder said;
  LeaseTable table(2, said);
  EXPECT_TRUE(table.ask(site, a));
  EXPECT_TRUE(table.ask(site, b));
  EXPECT_TRUE(table.ask("other\n", c)) << "each site has its own budget";
  EXPECT_FALSE(table.ask(site, c));
  EXPECT_EQ(said.take(), Said{"-0a"}) << "among equals the one that was granted first";
  table.give_back(site, a);
  EXPECT_EQ(said.take(), Said{"+2c"});
  EXPECT_EQ(table.held(site), 2U);
}

TEST(LeaseTable, FirstComeFirstServedAmongThoseThatHaveNone) {
  Recorder said;
  LeaseTable table(1, said);
  EXPECT_TRUE(table.ask(site, a));
  EXPECT_FALSE(table.ask(site, c));
  EXPECT_FALSE(table.ask(site, b));
  EXPECT_EQ(said.take(), Said{"-0a"}) << "there is but one to recall";
  table.give_back(site, a);
  EXPECT_FALSE(table.ask(site, a)) << "it comes behind those that wait";
  EXPECT_EQ(said.take(), (Said{"+2c", "-2c"}));
  table.give_back(site, c);
  EXPECT_EQ(said.take(), (Said{"+1b", "-1b"}));
  table.give_back(site, b);
  EXPECT_EQ(said.take(), Said{"+0a"});
}

TEST(LeaseTable, WhoHasNoneGoesBeforeWhoWantsMore) {
  Recorder said;
  LeaseTable table(2, said);
  EXPECT_TRUE(table.ask(site, a));
  EXPECT_TRUE(table.ask(site, a));
  EXPECT_FALSE(table.ask(site, a));
  EXPECT_EQ(said.take(), Said{}) << "nothing is recalled from it for itself";
  EXPECT_FALSE(table.ask(site, b));
  EXPECT_EQ(said.take(), Said{"-0a"});
  table.give_back(site, a);
  EXPECT_EQ(said.take(), Said{"+1b"});
  table.give_back(site, a);
  EXPECT_EQ(said.take(), Said{"+0a"});
}

TEST(LeaseTable, EvensOutOneAtATime) {
  Recorder said;
  LeaseTable table(6, said);
  for (int i = 0; i < 6; ++i) {
    EXPECT_TRUE(table.ask(site, a));
  }
  for (int i = 0; i < 6; ++i) {
    EXPECT_FALSE(table.ask(site, b));
  }
  int moved = 0;
  while (!said.said.empty() && said.take() == Said{"-0a"}) {
    table.give_back(site, a);
    ++moved;
    ASSERT_EQ(said.said.front(), "+1b");
    said.said.erase(said.said.begin());
  }
  EXPECT_EQ(moved, 3) << "three each";
  EXPECT_EQ(table.held(site), 6U);
}

TEST(LeaseTable, AnotherLimitCountsFromNowOn) {
  Recorder said;
  LeaseTable table(3, said);
  EXPECT_TRUE(table.ask(site, a));
  EXPECT_TRUE(table.ask(site, a));
  EXPECT_TRUE(table.ask(site, b));
  table.set_limit(1);
  EXPECT_EQ(said.take(), (Said{"-0a", "-0a"}))
      << "the equal ones are taken from who had theirs first";
  EXPECT_FALSE(table.ask(site, c));
  EXPECT_EQ(said.take(), Said{"-1b"});
  table.give_back(site, a);
  table.give_back(site, a);
  EXPECT_EQ(said.take(), Said{}) << "one is out still";
  table.give_back(site, b);
  EXPECT_EQ(said.take(), Said{"+2c"});
  EXPECT_FALSE(table.ask(site, b));
  said.take();
  table.set_limit(2);
  EXPECT_EQ(said.take(), Said{"+1b"});
}

TEST(LeaseTable, ForgetsACoreAndServesTheOthers) {
  Recorder said;
  LeaseTable table(2, said);
  EXPECT_TRUE(table.ask(site, a));
  EXPECT_TRUE(table.ask(site, a));
  EXPECT_FALSE(table.ask(site, {0, "another"}));
  EXPECT_FALSE(table.ask(site, b));
  said.take();
  table.forget(0);
  EXPECT_EQ(said.take(), Said{"+1b"}) << "and nothing to a core that is gone";
  table.give_back(site, b);
  EXPECT_EQ(table.sites(), 0U);
}

TEST(LeaseTable, RemembersNothingOfWhatIsGivenBack) {
  Recorder said;
  LeaseTable table(2, said);
  for (int i = 0; i < 100; ++i) {
    const std::string name = std::to_string(i);
    EXPECT_TRUE(table.ask(name, a));
    EXPECT_TRUE(table.ask(name, b));
    EXPECT_FALSE(table.ask(name, c));
    table.give_back(name, b);
    table.give_back(name, a);
    table.give_back(name, c);
  }
  EXPECT_EQ(table.sites(), 0U);
}

}  // namespace
}  // namespace postrider::delivery
