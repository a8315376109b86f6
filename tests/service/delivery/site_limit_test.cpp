#include "delivery_world.hpp"

#include <gtest/gtest.h>

// What the configuration allows to one site counts for all cores together, whichever domains have
// their mail there.
namespace postrider::delivery {
namespace {

using flow::EventKind;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// A domain that core delivers to, of two.
std::string domain_of(CoreId core) {
  std::string name = "a.test";
  while (home_of(name, 2) != core) {
    ++name[0];
  }
  return name;
}

// A site with a domain on each of two cores.
struct SharedSite {
  explicit SharedSite(std::uint64_t seed, std::uint32_t limit) : world(seed, 2) {
    world.settings.connections_per_site = limit;
    for (const CoreId core : {CoreId{0}, CoreId{1}}) {
      world.dns.add_mx(domain_of(core), 10, "mx.shared.test");
    }
    world.dns.add_address("mx.shared.test", IpAddress::v4({192, 0, 2, 1}));
    mx = &world.add_server(1);
  }
  void distant(Duration latency) {
    world.simulation().faults().latency_min = latency;
    world.simulation().faults().latency_max = latency;
  }
  void submit_many(CoreId core, int count) {
    for (int i = 0; i < count; ++i) {
      world.submit({.to = {std::to_string(i) + "@" + domain_of(core)}});
    }
  }
  std::size_t taken_of(CoreId core) {
    return static_cast<std::size_t>(std::ranges::count_if(mx->taken, [core](const auto& mail) {
      return mail.to.front().ends_with(domain_of(core));
    }));
  }
  World world;
  FakeMx* mx = nullptr;
};

TEST(DeliverySiteLimit, TheSumOverCoresIsTheLimit) {
  for (const std::uint32_t limit : {1U, 2U, 3U, 5U}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      SharedSite site(seed, limit);
      site.world.settings.messages_per_connection = 7;
      site.mx->manners.connections_max = limit;  // it would say 421 to one more
      site.world.start();
      site.submit_many(0, 100);
      site.submit_many(1, 100);
      site.world.run_for(minutes(2));
      EXPECT_EQ(site.mx->taken.size(), 200U);
      EXPECT_EQ(site.mx->most_open, limit) << "seed " << seed;
      EXPECT_EQ(site.world.events.count(EventKind::deferred), 0U);
      EXPECT_EQ(site.world.open_deliveries(), 0U);
      site.world.stop();
    }
  }
}

TEST(DeliverySiteLimit, ACoreDoesNotWaitForAnothersBacklog) {
  SharedSite site(1, 1);
  site.distant(milliseconds(20));
  site.world.start();
  site.submit_many(0, 400);  // of about 80 ms each
  site.world.run_for(seconds(3));
  ASSERT_GT(site.taken_of(0), 10U);
  ASSERT_LT(site.taken_of(0), 100U) << "the test did not test what it says";
  site.submit_many(1, 1);
  site.world.run_for(milliseconds(1'800));
  EXPECT_EQ(site.taken_of(1), 1U);
  site.world.run_for(minutes(2));
  EXPECT_EQ(site.taken_of(0), 400U);
  EXPECT_EQ(site.mx->most_open, 1U);
  EXPECT_LT(site.mx->connections, 5U) << "it does not change hands more often than it must";
  site.world.stop();
}

TEST(DeliverySiteLimit, AnIdleConnectionIsGivenUpForAnotherCore) {
  SharedSite site(1, 1);
  site.world.settings.idle_connection = minutes(10);
  site.world.start();
  for (const CoreId core : {CoreId{0}, CoreId{1}, CoreId{0}, CoreId{1}}) {
    site.submit_many(core, 1);
    site.world.run_for(milliseconds(100));
  }
  EXPECT_EQ(site.mx->taken.size(), 4U);
  EXPECT_EQ(site.mx->connections, 4U);
  EXPECT_EQ(site.mx->most_open, 1U);
  site.submit_many(1, 5);
  site.world.run_for(milliseconds(100));
  EXPECT_EQ(site.mx->connections, 4U) << "and used again where nobody else waits";
  site.world.stop();
}

TEST(DeliverySiteLimit, AnotherLimitCountsAtOnce) {
  SharedSite site(2, 6);
  site.distant(milliseconds(50));
  site.world.settings.connections_at_start = 6;
  site.world.start();
  site.submit_many(0, 600);
  site.submit_many(1, 600);
  site.world.run_for(seconds(5));
  EXPECT_EQ(site.mx->open, 6U);
  site.world.settings.connections_per_site = 2;
  site.world.simulation().run(site.world.delivery().reload(site.world.settings));
  site.world.run_for(seconds(5));
  EXPECT_EQ(site.mx->open, 2U);
  site.world.run_for(seconds(10));
  EXPECT_EQ(site.mx->open, 2U);
  site.mx->most_open = 0;
  site.world.settings.connections_per_site = 8;
  site.world.simulation().run(site.world.delivery().reload(site.world.settings));
  site.world.run_for(seconds(10));
  EXPECT_GT(site.mx->open, 2U);
  site.world.run_for(minutes(5));
  EXPECT_LE(site.mx->most_open, 8U);
  EXPECT_EQ(site.mx->taken.size(), 1'200U);
  EXPECT_EQ(site.world.events.count(EventKind::deferred), 0U);
  site.world.stop();
}

// Stopped or killed in the middle, while cores hold, wait and are granted.
TEST(DeliverySiteLimit, NothingIsLostWhenItEndsInTheMiddle) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SharedSite site(seed, 1 + seed % 3);
    site.world.settings.messages_per_connection = 3;
    site.distant(milliseconds(5));
    site.world.start();
    site.submit_many(0, 30);
    site.submit_many(1, 30);
    site.world.run_for(milliseconds(static_cast<std::int64_t>(17 * seed)));
    const bool is_killed = seed % 2 == 0;
    if (is_killed) {
      site.world.crash(false);
    } else {
      site.world.stop(milliseconds(static_cast<std::int64_t>(seed * 3)));
    }
    site.world.run_for(seconds(1));  // until the server has seen the old connections end
    site.world.start();
    site.world.run_for(minutes(30));
    EXPECT_GE(site.mx->taken.size(), 60U) << "seed " << seed;
    EXPECT_LE(site.mx->taken.size(), 66U) << "seed " << seed;  // what was in flight
    EXPECT_EQ(site.world.open_deliveries(), 0U) << "seed " << seed;
    EXPECT_LE(site.mx->most_open, 1 + seed % 3) << "seed " << seed;
    site.world.stop();
  }
}

TEST(DeliverySiteLimit, TwoPoliciesOfOneCoreTakeTurns) {
  World world;
  world.settings.connections_per_site = 1;
  world.dns.add_mx("a.test", 10, "mx.shared.test");
  world.dns.add_mx("b.test", 10, "mx.shared.test");
  world.dns.add_address("mx.shared.test", IpAddress::v4({192, 0, 2, 1}));
  policy::TlsPolicy off;
  off.level = policy::TlsLevel::off;
  world.settings.tls = policy::TlsPolicyTable({}, {{policy::DomainPattern("b.test"), off}});
  FakeMx& mx = world.add_server(1);
  world.simulation().faults().latency_min = milliseconds(20);
  world.simulation().faults().latency_max = milliseconds(20);
  world.start();
  for (int i = 0; i < 300; ++i) {
    world.submit({.to = {"x@a.test"}});
  }
  world.submit({.to = {"y@b.test"}});
  world.run_for(seconds(2));
  EXPECT_NE(world.events.find(EventKind::delivered, "y@b.test"), nullptr);
  EXPECT_LT(mx.taken.size(), 100U);
  world.run_for(minutes(2));
  EXPECT_EQ(mx.taken.size(), 301U);
  EXPECT_EQ(mx.most_open, 1U);
  world.stop();
}

}  // namespace
}  // namespace postrider::delivery
