#include "../../instrumented.hpp"
#include "delivery_world.hpp"

#include <cstdlib>
#include <gtest/gtest.h>

#include <postrider/base/text.hpp>

// Many messages: bounded memory, dead and busy sites, fairness.
namespace postrider::delivery {
namespace {

using flow::EventKind;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

engine::Task<void> submit_many(World* world, std::size_t count, Letter letter, CoreId core) {
  for (std::size_t i = 0; i < count; ++i) {
    letter.content = "Subject: " + std::to_string(i) + "\r\n\r\nx\r\n";
    if (!co_await world->commit(letter, core)) {
      ADD_FAILURE() << "not committed";
    }
  }
}

TEST(DeliveryOverload, TheWindowIsBoundedAndNothingIsForgotten) {
  // POSTRIDER_MESSAGES=N plays it with more than the 3,000 of a test run.
  const char* given = std::getenv("POSTRIDER_MESSAGES");
  const std::size_t usual = is_instrumented ? 1'000 : 3'000;
  const std::size_t each = (given != nullptr ? parse_decimal(given).value_or(usual) : usual) / 2;
  World world(3, 2);
  world.settings.window = 100;
  FakeMx& a = world.add_mx("a.test", 10, "mx.a.test", 1);
  FakeMx& b = world.add_mx("b.test", 10, "mx.b.test", 2);
  world.start();
  for (const CoreId core : {CoreId{0}, CoreId{1}}) {
    world.reactor(core).spawn(submit_many(&world, each, {.to = {"x@a.test", "y@b.test"}}, core));
  }
  std::uint64_t most = 0;
  for (int i = 0; i < 300; ++i) {
    world.run_for(std::chrono::milliseconds(10));
    most = std::max(most, world.run(world.delivery().control().status(0)).window);
  }
  world.run_for(minutes(5));
  EXPECT_LE(most, 200U);
  EXPECT_GT(world.run(world.delivery().control().status(0)).overflowed, 0U)
      << "the test did not test what it says";
  EXPECT_EQ(a.taken.size(), 2 * each);
  EXPECT_EQ(b.taken.size(), 2 * each);
  EXPECT_EQ(world.open_deliveries(), 0U);
  EXPECT_EQ(world.events.count(EventKind::deferred), 0U);
  world.stop();
}

TEST(DeliveryOverload, ABacklogFromBeforeTheStartIsDelivered) {
  World world(4, 2);
  FakeMx& mx = world.add_mx("a.test", 10, "mx.a.test", 1);
  mx.manners.greeting = "421 4.3.2 not yet";
  world.settings.window = 64;
  world.start();
  world.reactor(0).spawn(submit_many(&world, 1000, {.to = {"x@a.test"}}, 0));
  world.run_for(seconds(20));
  world.stop();
  EXPECT_EQ(mx.taken.size(), 0U);
  mx.manners.greeting = "220 now";
  world.start();
  world.run_for(minutes(20));
  EXPECT_EQ(mx.taken.size(), 1000U);
  EXPECT_EQ(world.open_deliveries(), 0U);
  world.stop();
}

TEST(DeliveryOverload, ADeadDestinationCostsAFewConnects) {
  World world;
  FakeMx& dead = world.add_mx("dead.test", 10, "mx.dead.test", 1);
  FakeMx& well = world.add_mx("well.test", 10, "mx.well.test", 2);
  dead.manners.greeting = "421 4.3.2 never";
  world.start();
  world.reactor().spawn(submit_many(&world, 3000, {.to = {"x@dead.test"}}, 0));
  world.reactor().spawn(submit_many(&world, 100, {.to = {"x@well.test"}}, 0));
  world.run_for(minutes(4));
  EXPECT_EQ(well.taken.size(), 100U);
  EXPECT_LE(dead.connections, 20U);
  EXPECT_GE(world.events.count(EventKind::deferred), 3000U);
  dead.manners.greeting = "220 risen";
  world.run_for(hours(1));
  EXPECT_EQ(dead.taken.size(), 3000U);
  EXPECT_EQ(world.open_deliveries(), 0U);
  world.stop();
}

TEST(DeliveryOverload, ABusySiteGetsFewerConnectionsAndNothingIsDeferred) {
  World world;
  FakeMx& mx = world.add_mx("busy.test", 10, "mx.busy.test", 1);
  mx.manners.connections_max = 3;
  world.start();
  world.reactor().spawn(submit_many(&world, 500, {.to = {"x@busy.test"}}, 0));
  world.run_for(minutes(2));
  EXPECT_EQ(mx.taken.size(), 500U);
  EXPECT_EQ(world.events.count(EventKind::deferred), 0U);
  world.stop();
}

TEST(DeliveryOverload, TheNextHopComesBackAndEverythingArrivesOnceInRetryOrder) {
  World world;
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  world.simulation().set_host(mx.address(), engine::Simulation::HostState::down);
  world.start();
  for (int i = 0; i < 50; ++i) {
    world.submit({.to = {"u" + std::to_string(i) + "@example.org"}});
    world.run_for(seconds(20));
  }
  world.run_for(hours(3));
  world.simulation().set_host(mx.address(), engine::Simulation::HostState::up);
  std::map<std::string, WallTime> due;
  const auto open = world.run(world.queue().scan({{}, 1000, false}));
  ASSERT_EQ(open->size(), 50U);
  for (const auto& delivery : *open) {
    due[delivery.envelope->destinations[0].recipients[0].address] = delivery.progress->next_due;
  }
  world.run_for(hours(9));
  ASSERT_EQ(mx.taken.size(), 50U);
  for (std::size_t i = 1; i < mx.taken.size(); ++i) {
    EXPECT_LE(due[mx.taken[i - 1].to[0]], due[mx.taken[i].to[0]] + seconds(1));
  }
  EXPECT_EQ(world.open_deliveries(), 0U);
  world.stop();
}

TEST(DeliveryOverload, ATenantDoesNotWaitForAnothersBacklog) {
  World world;
  world.settings.connections_per_site = 1;
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  world.start();
  world.reactor().spawn(submit_many(&world, 1000, {.tenant = "bulky", .to = {"x@example.org"}}, 0));
  world.run_for(std::chrono::milliseconds(300));
  const std::size_t before = mx.taken.size();
  world.submit({.tenant = "small", .from = "reset@small.test", .to = {"x@example.org"}});
  world.run_for(minutes(10));
  const auto place = std::ranges::find(mx.taken, "reset@small.test", &FakeMx::Mail::from);
  ASSERT_NE(place, mx.taken.end());
  EXPECT_LT(static_cast<std::size_t>(place - mx.taken.begin()), before + 40);
  EXPECT_EQ(mx.taken.size(), 1001U);
  world.stop();
}

TEST(DeliveryOverload, AFreshMessageDoesNotWaitForABacklogInTheStore) {
  World world;
  world.settings.connections_per_site = 1;
  world.settings.window = 100;
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  mx.manners.greeting = "stall";
  world.start();
  world.reactor().spawn(submit_many(
      &world, 1000, {.tenant = "one", .to = {"x@example.org"}, .priority = store::Priority::bulk},
      0));
  world.run_for(minutes(1));
  world.submit({.tenant = "one",
                .from = "reset@one.test",
                .to = {"x@example.org"},
                .priority = store::Priority::high});
  world.run_for(seconds(1));
  EXPECT_GT(world.run(world.delivery().control().status(0)).overflowed, 0U);
  mx.manners.greeting = "220 well";
  world.simulation().set_host(mx.address(), engine::Simulation::HostState::down);
  world.simulation().set_host(mx.address(), engine::Simulation::HostState::up);
  world.run_for(hours(12));
  const auto place = std::ranges::find(mx.taken, "reset@one.test", &FakeMx::Mail::from);
  ASSERT_NE(place, mx.taken.end());
  EXPECT_EQ(mx.taken.size(), 1001U);
  EXPECT_EQ(world.open_deliveries(), 0U);
  world.stop();
}

}  // namespace
}  // namespace postrider::delivery
