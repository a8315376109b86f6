#include "../../instrumented.hpp"
#include "deferred.hpp"
#include "service/delivery/departures.hpp"

#include <gtest/gtest.h>
#include <utility>
#include <vector>

#include <postrider/engine/when_all.hpp>

// What operators do at the very moment in which the loader reads the same delivery, an attempt at
// it is under way, or another action is being written.
namespace postrider::delivery {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

engine::Task<void> apply_to(World* world, DeliveryId delivery, QueueAction action, Duration after,
                            ActionResult* out) {
  co_await world->reactor(1).sleep_for(after);
  *out = co_await world->delivery().control().apply(1, delivery, action, "");
}

// Left in the queue by one process; an operator acts on all of it while the next one starts.
struct Restarted {
  enum class Left : std::uint8_t { deferred, untried };
  static constexpr std::size_t count = 12;
  World world;
  std::vector<FakeMx*> servers;
  std::vector<DeliveryId> deliveries;
  std::vector<ActionResult> results;

  Restarted(std::uint64_t seed, Left left) : world(seed, 2) {
    world.settings.retry.intervals = {hours(1)};
    world.reads_late = std::chrono::milliseconds(2);
    for (std::uint8_t i = 0; i < count; ++i) {
      const std::string domain = "d" + std::to_string(i) + ".test";
      servers.push_back(&world.add_mx(domain, 10, "mx." + domain, i + 1));
      servers.back()->manners.on_rcpt = [left](const std::string&) {
        return left == Left::deferred ? "450 4.2.1 later" : "stall";
      };
    }
    world.start();
    for (std::size_t i = 0; i < count; ++i) {
      deliveries.push_back(
          {world.submit({.from = "", .to = {"u@d" + std::to_string(i) + ".test"}}), 0});
    }
    world.run_for(seconds(5));
    world.crash(false);
    for (FakeMx* server : servers) {
      server->manners.on_rcpt = nullptr;
    }
    world.start();
  }
  void apply_to_all(QueueAction action, Duration spread) {
    results.assign(count, ActionResult::failed);
    for (std::size_t i = 0; i < count; ++i) {
      const auto after = Duration(static_cast<Duration::rep>(
          world.reactor().random().below(static_cast<std::uint64_t>(spread.count()))));
      world.reactor(1).spawn(apply_to(&world, deliveries[i], action, after, &results[i]));
    }
    world.run_for(minutes(1));
  }
  [[nodiscard]] std::size_t taken() const {
    std::size_t sum = 0;
    for (const FakeMx* server : servers) {
      sum += server->taken.size();
    }
    return sum;
  }
};

TEST(QueueControl, WhatIsRetriedWhileTheLoaderReadsIsNotPassedOver) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Restarted f(seed, Restarted::Left::deferred);
    f.apply_to_all(QueueAction::retry, std::chrono::milliseconds(5));
    EXPECT_EQ(f.taken(), Restarted::count) << "seed " << seed;
    EXPECT_EQ(f.world.open_deliveries(), 0U) << "seed " << seed;
    f.world.stop();
  }
}

// All of a backlog, far more than the window holds: while the loader goes back for what had no
// room, the due index gets entries from before that.
TEST(QueueControl, ABacklogThatIsRetriedIsNotPassedOver) {
  constexpr std::size_t count = 400;
  for (std::uint64_t seed = 1; seed <= (is_instrumented ? 4 : 20); ++seed) {
    World world(seed, 2);
    world.settings.retry.intervals = {hours(10)};
    world.settings.window = 16;
    world.reads_late = std::chrono::milliseconds(2);
    const std::vector<FakeMx*> servers{&world.add_mx("a.test", 10, "mx.a.test", 1),
                                       &world.add_mx("b.test", 10, "mx.b.test", 2)};
    for (FakeMx* server : servers) {
      world.simulation().set_host(server->address(), engine::Simulation::HostState::down);
    }
    world.start();
    std::vector<DeliveryId> deliveries;
    std::vector<engine::Task<store::StoreResult<void>>> commits;
    for (std::size_t i = 0; i < count; ++i) {
      store::NewMessage message =
          world.compose({.from = "", .to = {i % 2 == 0 ? "u@a.test" : "u@b.test"}});
      deliveries.push_back({message.envelope->id, 0});
      commits.push_back(world.queue().commit(std::move(message)));
    }
    (void)world.run(
        engine::when_all(std::move(commits)));  // in one group; those it lost show below
    world.run_for(hours(1));
    for (FakeMx* server : servers) {
      world.simulation().set_host(server->address(), engine::Simulation::HostState::up);
    }
    std::vector<ActionResult> results(count, ActionResult::failed);
    for (std::size_t i = 0; i < count; ++i) {
      const Duration after = std::chrono::microseconds(world.reactor().random().below(60'000));
      world.reactor(1).spawn(
          apply_to(&world, deliveries[i], QueueAction::retry, after, &results[i]));
    }
    world.run_for(hours(1));
    EXPECT_EQ(servers[0]->taken.size() + servers[1]->taken.size(), count) << "seed " << seed;
    EXPECT_EQ(world.open_deliveries(), 0U) << "seed " << seed;
    world.stop();
  }
}

// What was "done" to a delivery stays done, whatever the loader had read of it before.
TEST(QueueControl, ActionsHoldAgainstALoaderThatReadsAtTheSameTime) {
  for (const QueueAction action : {QueueAction::hold, QueueAction::remove, QueueAction::bounce}) {
    std::size_t done = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      Restarted f(seed, Restarted::Left::untried);
      f.apply_to_all(action, std::chrono::milliseconds(2));
      for (std::size_t i = 0; i < Restarted::count; ++i) {
        if (f.results[i] == ActionResult::done) {
          ++done;
          EXPECT_EQ(f.servers[i]->taken.size(), 0U) << "seed " << seed << ", " << i;
        } else {
          EXPECT_TRUE(f.results[i] == ActionResult::after_attempt ||
                      f.results[i] == ActionResult::not_found);
          EXPECT_EQ(f.servers[i]->taken.size(), 1U) << "seed " << seed << ", " << i;
        }
      }
      if (action == QueueAction::hold) {
        f.apply_to_all(QueueAction::release, std::chrono::milliseconds(3));
        EXPECT_EQ(f.taken(), Restarted::count) << "seed " << seed;
      }
      EXPECT_EQ(f.world.open_deliveries(), 0U) << "seed " << seed;
      f.world.stop();
    }
    EXPECT_GT(done, 20U) << "the test did not test what it says";
  }
}

// While an operator's action reads the delivery, an attempt at it begins and ends.
TEST(QueueControl, AnActionDoesNotUndoAnAttemptThatItHasNotSeen) {
  std::size_t seen_late = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    World world(seed, 2);
    FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
    mx.manners.on_rcpt = [](const std::string&) { return "450 4.2.1 later"; };
    world.start();
    const DeliveryId delivery{world.submit({.to = {"a@example.org", "b@example.org"}}), 0};
    world.run_for(seconds(2));
    mx.manners.on_rcpt = [](const std::string& to) {
      return to.starts_with('a') ? "250 ok" : "450 4.2.1 later";
    };
    world.reads_late = seconds(4);
    world.run_for(minutes(5) - seconds(3));
    ActionResult result{};
    world.reactor(1).spawn(apply_to(&world, delivery, QueueAction::hold, seconds(1), &result));
    world.run_for(seconds(20));
    EXPECT_TRUE(result == ActionResult::done || result == ActionResult::after_attempt);
    seen_late += mx.taken.size();
    world.reads_late = {};
    mx.manners.on_rcpt = nullptr;
    EXPECT_EQ(world.run(world.delivery().control().apply(0, delivery, QueueAction::release, "")),
              ActionResult::done);
    world.run_for(seconds(5));
    std::size_t to_a = 0;
    for (const FakeMx::Mail& mail : mx.taken) {
      to_a += static_cast<std::size_t>(std::ranges::count(mail.to, "a@example.org"));
    }
    EXPECT_EQ(to_a, 1U) << "seed " << seed;
    EXPECT_EQ(world.open_deliveries(), 0U);
    world.stop();
  }
  EXPECT_GT(seen_late, 5U) << "the test did not test what it says";
}

TEST(QueueControl, AnActionWaitsForTheOneBeforeIt) {
  const auto act = [](QueueAction first, QueueAction second) {
    Deferred f;
    ActionResult one{};
    ActionResult two{};
    World* world = &f.world;
    world->reactor(1).spawn(apply_to(world, f.delivery, first, Duration{}, &one));
    world->reactor(1).spawn(
        apply_to(world, f.delivery, second, std::chrono::microseconds(1), &two));
    world->run_for(minutes(1));
    EXPECT_EQ(one, ActionResult::done);
    EXPECT_EQ(two, ActionResult::done);
    const std::size_t open = world->open_deliveries();
    EXPECT_EQ(open + f.mx.taken.size(), second == QueueAction::remove ? 0U : 1U);
    world->stop();
    return std::pair(open, f.mx.taken.size());
  };
  EXPECT_EQ(act(QueueAction::hold, QueueAction::release),
            std::pair(std::size_t{0}, std::size_t{1}));
  EXPECT_EQ(act(QueueAction::hold, QueueAction::remove), std::pair(std::size_t{0}, std::size_t{0}));
  EXPECT_EQ(act(QueueAction::retry, QueueAction::hold), std::pair(std::size_t{1}, std::size_t{0}));
}

TEST(Departures, AreRememberedForWhomTheyConcern) {
  Departures departures;
  const DeliveryId a{MessageId(1), 0};
  const DeliveryId b{MessageId(2), 0};
  departures.note(a);
  EXPECT_EQ(departures.size(), 0U) << "nobody reads";
  std::optional<Departures::Reading> first(std::in_place, departures);
  EXPECT_FALSE(first->has_missed(a)) << "it left before the read began";
  departures.note(a);
  EXPECT_TRUE(first->has_missed(a));
  Departures::Reading second(departures);
  EXPECT_FALSE(second.has_missed(a));
  departures.note(b);
  departures.note(a);
  first.reset();
  EXPECT_EQ(departures.size(), 2U) << "the second still reads";
  EXPECT_TRUE(second.has_missed(a));
  EXPECT_TRUE(second.has_missed(b));
  second = Departures::Reading(departures);
  EXPECT_EQ(departures.size(), 0U);
  EXPECT_FALSE(second.has_missed(a));
}

}  // namespace
}  // namespace postrider::delivery
