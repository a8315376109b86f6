#include "deferred.hpp"

#include <gtest/gtest.h>

// What operators do, and the end of the process.
namespace postrider::delivery {
namespace {

using flow::EventKind;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(QueueControl, RetryMakesItDueNow) {
  Deferred f;
  EXPECT_EQ(f.why().reasons.at(0).kind, "deferred");
  EXPECT_NE(f.why().reasons.at(0).text.find("later"), std::string::npos);
  EXPECT_EQ(f.apply(QueueAction::retry), ActionResult::done);
  f.world.run_for(seconds(2));
  EXPECT_EQ(f.mx.taken.size(), 1U);
  EXPECT_EQ(f.apply(QueueAction::retry), ActionResult::not_found);
  f.world.stop();
}

TEST(QueueControl, HeldMailDoesNotComeDueAndDoesNotAge) {
  Deferred f;
  EXPECT_EQ(f.apply(QueueAction::hold), ActionResult::done);
  EXPECT_EQ(f.apply(QueueAction::hold), ActionResult::unchanged);
  EXPECT_EQ(f.apply(QueueAction::retry), ActionResult::unchanged);
  f.world.run_for(hours(24 * 10));
  EXPECT_EQ(f.mx.taken.size(), 0U);
  EXPECT_EQ(f.why().reasons.at(0).kind, "held");
  f.mx.manners.on_rcpt = [](const std::string&) { return "450 4.2.1 later"; };
  EXPECT_EQ(f.apply(QueueAction::release), ActionResult::done);
  f.world.run_for(hours(1));
  EXPECT_EQ(f.world.events.count(EventKind::expired), 0U) << "ten days held do not count";
  f.mx.manners.on_rcpt = nullptr;
  f.world.run_for(hours(1));
  EXPECT_EQ(f.mx.taken.size(), 1U);
  EXPECT_EQ(f.world.events.count(EventKind::held), 1U);
  EXPECT_EQ(f.world.events.count(EventKind::released), 1U);
  f.world.stop();
}

TEST(QueueControl, BounceReportsAndRemoveDoesNot) {
  Deferred bounced;
  EXPECT_EQ(bounced.apply(QueueAction::bounce, "not wanted"), ActionResult::done);
  bounced.world.run_for(seconds(5));
  EXPECT_EQ(bounced.world.open_deliveries(), 0U);
  ASSERT_EQ(bounced.home.taken.size(), 1U);
  EXPECT_NE(bounced.home.taken[0].content.find("not wanted"), std::string::npos);
  bounced.world.stop();

  Deferred removed;
  EXPECT_EQ(removed.apply(QueueAction::remove), ActionResult::done);
  removed.world.run_for(hours(1));
  EXPECT_EQ(removed.world.open_deliveries(), 0U);
  EXPECT_EQ(removed.home.taken.size(), 0U);
  EXPECT_EQ(removed.world.events.count(EventKind::deleted), 1U);
  removed.world.stop();
}

TEST(QueueControl, WhatIsBeingDeliveredIsTreatedAfterwards) {
  World world;
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  mx.manners.on_rcpt = [](const std::string& to) {
    return to.starts_with("slow") ? "stall" : "250 ok";
  };
  world.start();
  const MessageId id = world.submit({.to = {"slow@example.org"}});
  world.run_for(seconds(2));
  EXPECT_EQ(world.run(world.delivery().control().active(0)).size(), 1U);
  const auto results = world.run(
      world.delivery().control().apply_to_message(0, id, QueueAction::hold, "look at it"));
  EXPECT_EQ(results, std::vector{ActionResult::after_attempt});
  world.run_for(minutes(10));
  EXPECT_EQ(world.events.count(EventKind::deferred), 1U);
  world.run_for(hours(10));
  EXPECT_EQ(world.open_deliveries(), 1U);
  EXPECT_EQ(world.events.count(EventKind::deferred), 1U) << "held, not retried";
  world.stop();
}

TEST(DeliveryDrain, BreaksOffWhatTakesTooLongAndKeepsIt) {
  World world;
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  mx.manners.on_rcpt = [](const std::string&) { return "stall"; };
  world.start();
  world.submit({.to = {"user@example.org"}});
  world.run_for(seconds(5));
  world.stop(seconds(3));
  mx.manners.on_rcpt = nullptr;
  world.start();
  world.run_for(seconds(5));
  EXPECT_EQ(mx.taken.size(), 1U);
  EXPECT_EQ(world.events.count(EventKind::possible_duplicate), 0U) << "nothing had been sent";
  EXPECT_EQ(world.events.count(EventKind::deferred), 0U);
  EXPECT_EQ(world.open_deliveries(), 0U);
  world.stop();
}

// The next hop has all of a message when the process ends, and has not said so.
FakeMx& end_before_the_answer(World& world) {
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  mx.manners.on_content = [](const FakeMx::Mail&, const std::string&) { return "!stall"; };
  world.start();
  world.submit({.to = {"user@example.org"}});
  world.run_for(seconds(5));
  world.stop(seconds(3));
  return mx;
}

TEST(DeliveryDrain, WhatMayComeTwiceIsWrittenBeforeItGoesOutAgain) {
  World world;
  FakeMx& mx = end_before_the_answer(world);
  world.events.is_written = false;
  world.events.slow_writer = &world.reactor();
  mx.manners.on_content = [&world](const FakeMx::Mail&, const std::string&) {
    EXPECT_TRUE(world.events.is_written);
    EXPECT_EQ(world.events.count(EventKind::possible_duplicate), 1U);
    return "250 ok";
  };
  world.start();
  world.run_for(seconds(5));
  EXPECT_EQ(mx.taken.size(), 2U);
  world.stop();
}

TEST(DeliveryDrain, WhatHadBeenSentIsNamedByTheJournal) {
  World world;
  FakeMx& mx = end_before_the_answer(world);
  mx.manners.on_content = nullptr;
  world.start();
  world.run_for(seconds(5));
  EXPECT_EQ(mx.taken.size(), 2U);
  EXPECT_EQ(world.events.count(EventKind::possible_duplicate), 1U);
  EXPECT_EQ(world.open_deliveries(), 0U);
  world.stop();
}

TEST(DeliveryDrain, LetsAnAttemptEnd) {
  World world;
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  world.start();
  for (int i = 0; i < 20; ++i) {
    world.submit({.to = {"user@example.org"}});
  }
  world.stop();
  const std::size_t first = mx.taken.size();
  world.start();
  world.run_for(minutes(1));
  EXPECT_EQ(mx.taken.size(), 20U) << first << " before the stop";
  EXPECT_EQ(world.events.count(EventKind::possible_duplicate), 0U);
  world.stop();
}

TEST(DeliveryDrain, WhatOnlyWaitedIsNotNamedByTheJournal) {
  World world;
  world.settings.connections_per_site = 1;
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  mx.manners.on_rcpt = [](const std::string&) { return "stall"; };
  world.start();
  for (int i = 0; i < 5; ++i) {
    world.submit({.to = {"user@example.org"}});
  }
  world.run_for(seconds(5));
  world.stop(seconds(3));
  mx.manners.on_rcpt = nullptr;
  world.start();
  world.run_for(minutes(1));
  EXPECT_EQ(mx.taken.size(), 5U);
  EXPECT_EQ(world.events.count(EventKind::possible_duplicate), 0U);
  world.stop();
}

TEST(DeliveryCrash, WhatOnlyWaitedIsNamedButNotSuspectedAgain) {
  World world;
  world.settings.connections_per_site = 1;
  world.settings.crashes_before_hold = 3;
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  mx.manners.on_rcpt = [](const std::string&) { return "stall"; };
  world.start();
  for (int i = 0; i < 3; ++i) {
    world.submit({.to = {"user@example.org"}});
  }
  for (int i = 0; i < 4; ++i) {
    world.run_for(seconds(5));
    world.crash(false);
    world.start();
  }
  EXPECT_EQ(world.events.count(EventKind::held), 1U) << "the one that was being sent";
  mx.manners.on_rcpt = nullptr;
  world.run_for(hours(1));
  EXPECT_EQ(mx.taken.size(), 2U);
  world.stop();
}

TEST(DeliveryCrash, AMessageThatIsAlwaysThereWhenTheProcessDiesIsHeld) {
  World world;
  world.settings.crashes_before_hold = 3;
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  mx.manners.on_rcpt = [](const std::string&) { return "stall"; };
  world.start();
  world.submit({.to = {"user@example.org"}});
  for (int i = 0; i < 3; ++i) {
    world.run_for(seconds(5));
    EXPECT_EQ(world.events.count(EventKind::held), 0U);
    world.crash(true);
    world.start();
  }
  EXPECT_EQ(world.events.count(EventKind::held), 1U);
  const std::size_t connections = mx.connections;
  world.run_for(hours(1));
  EXPECT_EQ(mx.connections, connections);
  EXPECT_EQ(world.open_deliveries(), 1U);
  world.stop();
}

}  // namespace
}  // namespace postrider::delivery
