#include "delivery_world.hpp"

// The content in one group with MAIL and RCPT: when, and what becomes of it.
namespace postrider::delivery {
namespace {

using flow::EventKind;
using std::chrono::milliseconds;
using std::chrono::seconds;

// One way; so a turn takes twice as long.
constexpr Duration latency = milliseconds(100);
constexpr double turn_ms = 200;

FakeMx& add_distant_mx(World& world, bool chunking) {
  world.simulation().faults().latency_min = latency;
  world.simulation().faults().latency_max = latency;
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  if (chunking) {
    mx.manners.extensions.push_back("CHUNKING");
  }
  return mx;
}

double turns_of_last(const World& world) {
  return world.events.events.back().duration.transaction / turn_ms;
}

TEST(DeliveryAtOnce, ASmallMessageTakesOneTurnWhereTheServerOffersChunking) {
  for (const bool chunking : {false, true}) {
    World world;
    FakeMx& mx = add_distant_mx(world, chunking);
    world.start();
    world.submit({.to = {"user@example.org"}, .content = "Subject: x\r\n\r\n.dot\r\n..\r\n"});
    world.run_for(seconds(2));
    ASSERT_EQ(mx.taken.size(), 1U);
    EXPECT_EQ(mx.taken.front().content, "Subject: x\r\n\r\n.dot\r\n..\r\n");
    EXPECT_NEAR(turns_of_last(world), chunking ? 1 : 2, 0.1);
    EXPECT_EQ(world.open_deliveries(), 0U);
    world.stop();
  }
}

TEST(DeliveryAtOnce, NotOnAConnectionThatWasSilentAndNotALargeMessage) {
  World world;
  FakeMx& mx = add_distant_mx(world, true);
  world.start();
  world.submit({.to = {"user@example.org"}});
  world.run_for(seconds(3));
  world.submit({.to = {"user@example.org"}});
  world.run_for(seconds(1));
  EXPECT_NEAR(turns_of_last(world), 2, 0.1) << "after a silence";
  world.submit({.to = {"user@example.org"}});
  world.run_for(seconds(1));
  EXPECT_NEAR(turns_of_last(world), 1, 0.1) << "right after another";
  world.submit({.to = {"user@example.org"}, .content = std::string(20'000, 'x') + "\r\n"});
  world.run_for(seconds(1));
  EXPECT_NEAR(turns_of_last(world), 2, 0.1) << "a large one";
  EXPECT_EQ(mx.taken.size(), 4U);
  EXPECT_EQ(mx.connections, 1U);
  world.stop();
}

TEST(DeliveryAtOnce, WhoWasRefusedIsNotSpokenForByTheContent) {
  World world;
  FakeMx& mx = add_distant_mx(world, true);
  mx.manners.on_rcpt = [](const std::string& address) {
    return address.starts_with("no") ? "550 5.1.1 unknown" : "250 ok";
  };
  world.start();
  world.submit({.to = {"no1@example.org"}});
  world.submit({.to = {"yes@example.org", "no2@example.org"}});
  world.run_for(seconds(5));
  EXPECT_EQ(mx.taken.size(), 1U);
  EXPECT_EQ(world.events.count(EventKind::delivered), 1U);
  EXPECT_NE(world.events.find(EventKind::delivered, "yes@example.org"), nullptr);
  for (const std::string to : {"no1@example.org", "no2@example.org"}) {
    const flow::Event* bounced = world.events.find(EventKind::bounced, to);
    ASSERT_NE(bounced, nullptr) << to;
    EXPECT_EQ(bounced->code, 550) << "the answer to RCPT, not the one to the content";
  }
  world.stop();
}

TEST(DeliveryAtOnce, AConnectionThatBreaksInsideTheGroupMayHaveTakenIt) {
  World world;
  FakeMx& mx = add_distant_mx(world, true);
  bool breaks = true;
  mx.manners.on_mail = [&](const std::string&) {
    return std::exchange(breaks, false) ? "" : "250 ok";
  };
  world.start();
  world.submit({.to = {"user@example.org"}});
  world.run_for(seconds(5));
  EXPECT_EQ(world.events.count(EventKind::deferred), 1U) << "nobody else is asked at once";
  world.run_for(std::chrono::minutes(10));
  EXPECT_EQ(mx.taken.size(), 1U);
  EXPECT_EQ(world.open_deliveries(), 0U);
  world.stop();
}

}  // namespace
}  // namespace postrider::delivery
