#include "engine/timer_wheel.hpp"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <vector>

#include <postrider/base/random.hpp>

namespace postrider::engine {
namespace {

struct Probe final : TimerWheel::Node {
  void on_due() override {
    if (action) {
      action();
    }
  }
  std::function<void()> action;
};

TEST(TimerWheel, FiresAtItsTickAndNotBefore) {
  for (const std::uint64_t delay : {0ULL, 1ULL, 63ULL, 64ULL, 65ULL, 4095ULL, 4096ULL, 4097ULL,
                                    1ULL << 20, 432'000'000ULL, 1ULL << 40}) {
    for (const std::uint64_t start : {0ULL, 1ULL, 63ULL, 4095ULL, 123'456'789ULL}) {
      TimerWheel wheel(start);
      Probe probe;
      int fired = 0;
      probe.action = [&] { ++fired; };
      wheel.insert(probe, start + delay);
      if (delay > 0) {
        wheel.advance(start + delay - 1);
        EXPECT_EQ(fired, 0) << start << '+' << delay;
      }
      ASSERT_TRUE(wheel.next());
      EXPECT_LE(*wheel.next(), start + delay);
      wheel.advance(start + delay);
      EXPECT_EQ(fired, 1) << start << '+' << delay;
      EXPECT_FALSE(wheel.next());
      EXPECT_FALSE(probe.is_armed());
    }
  }
}

TEST(TimerWheel, NeedsFewWakeUpsForAFarTimer) {
  TimerWheel wheel(12'345);
  Probe probe;
  bool fired = false;
  probe.action = [&] { fired = true; };
  wheel.insert(probe, 12'345 + 5ULL * 86'400'000);
  int wakes = 0;
  while (!fired) {
    wheel.advance(*wheel.next());
    ++wakes;
  }
  EXPECT_LE(wakes, 8);
}

TEST(TimerWheel, LetsCallbacksInsertRemoveAndDestroy) {
  TimerWheel wheel(100);
  Probe again;
  Probe victim;
  auto dying = std::make_unique<Probe>();
  int rounds = 0;
  again.action = [&] {
    ++rounds;
    wheel.insert(again, 0);  // long past: due with the next advance, not in this one for ever
  };
  victim.action = [] { ADD_FAILURE() << "removed, but fired"; };
  dying->action = [&] {
    wheel.remove(victim);
    dying.reset();
  };
  wheel.insert(*dying, 105);
  wheel.insert(victim, 105);
  wheel.insert(again, 105);
  wheel.advance(105);
  EXPECT_EQ(rounds, 1);
  EXPECT_EQ(wheel.size(), 1U);
  wheel.advance(106);
  EXPECT_EQ(rounds, 2);
}

TEST(TimerWheel, LeavesNodesThatOutliveIt) {
  Probe probe;
  {
    TimerWheel wheel(0);
    wheel.insert(probe, 1000);
    EXPECT_TRUE(probe.is_armed());
  }
  EXPECT_FALSE(probe.is_armed());
}

// Against a sorted map, with inserts, moves, removals and uneven advances. Replay: the seed.
TEST(TimerWheel, AgreesWithASortedMap) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SeededRandom random(seed);
    std::uint64_t now = random.below(1ULL << 30);
    TimerWheel wheel(now);
    std::vector<Probe> probes(200);
    std::vector<std::uint64_t> model(probes.size(), 0);  // 0: not armed
    std::vector<std::uint64_t> fired;
    for (std::size_t i = 0; i < probes.size(); ++i) {
      probes[i].action = [&, i] {
        fired.push_back(model[i]);
        model[i] = 0;
      };
    }
    for (int step = 0; step < 2000; ++step) {
      const std::size_t i = random.below(probes.size());
      if (random.below(4) == 0) {
        wheel.remove(probes[i]);
        model[i] = 0;
      } else {
        model[i] = now + 1 + random.below(1ULL << random.below(30));
        wheel.insert(probes[i], model[i]);
      }
      if (random.below(3) == 0) {
        now += random.below(1ULL << random.below(24));
        fired.clear();
        wheel.advance(now);
        ASSERT_TRUE(std::ranges::is_sorted(fired)) << "seed " << seed;
        for (const std::uint64_t when : fired) {
          ASSERT_LE(when, now) << "seed " << seed;
        }
        for (const std::uint64_t when : model) {
          ASSERT_TRUE(when == 0 || when > now) << "seed " << seed;
        }
      }
    }
  }
}

}  // namespace
}  // namespace postrider::engine
