#include "delivery_world.hpp"
#include "service/delivery/connect_race.hpp"
#include "service/delivery/host_memory.hpp"

#include <gtest/gtest.h>
#include <set>

// Which host and which of its addresses an attempt goes to: preference, Happy Eyeballs, what is
// remembered of hosts and families.
namespace postrider::delivery {
namespace {

using engine::Simulation;
using flow::EventKind;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const IpAddress v6 = *IpAddress::parse("2001:db8::1");
const IpAddress v4 = IpAddress::v4({192, 0, 2, 1});

// One host with an address of each family.
struct TwoFamilies {
  World world;
  FakeMx six{world.simulation(), v6};
  FakeMx four{world.simulation(), v4};

  TwoFamilies() {
    world.dns.add_mx("example.org", 10, "mx.example.org");
    world.dns.add_address("mx.example.org", v6);
    world.dns.add_address("mx.example.org", v4);
    world.settings.idle_connection = {};
  }
  ~TwoFamilies() { world.simulation().kill_tasks(); }  // before the servers that they speak to
  // How long it took.
  Duration deliver() {
    const std::size_t before = six.taken.size() + four.taken.size();
    const MonoTime began = world.reactor().now();
    world.submit({.to = {"user@example.org"}});
    while (six.taken.size() + four.taken.size() == before &&
           world.reactor().now() - began < minutes(5)) {
      world.run_for(milliseconds(1));
    }
    const Duration took = world.reactor().now() - began;
    world.run_for(seconds(1));
    return took;
  }
};

TEST(AddressChoice, Ipv6GoesFirstAndAloneWhereItAnswers) {
  TwoFamilies f;
  f.world.start();
  EXPECT_LT(f.deliver(), milliseconds(250));
  EXPECT_EQ(f.six.taken.size(), 1U);
  EXPECT_EQ(f.four.connections, 0U);
  f.world.stop();
}

TEST(AddressChoice, AFamilyThatDoesNotAnswerIsOvertaken) {
  TwoFamilies f;
  f.world.simulation().set_host(v6, Simulation::HostState::unreachable);
  f.world.start();
  const Duration first = f.deliver();
  EXPECT_GE(first, connect_stagger);
  EXPECT_LT(first, connect_stagger + milliseconds(100));
  EXPECT_LT(f.deliver(), milliseconds(100)) << "the second message does not wait for it again";
  EXPECT_EQ(f.four.taken.size(), 2U);
  f.world.stop();
}

TEST(AddressChoice, AFamilyThatRefusesIsPassedAtOnce) {
  TwoFamilies f;
  f.world.simulation().set_host(v6, Simulation::HostState::down);
  f.world.start();
  EXPECT_LT(f.deliver(), milliseconds(100));
  EXPECT_EQ(f.four.taken.size(), 1U);
  f.world.simulation().set_host(v6, Simulation::HostState::up);
  f.world.run_for(hours(1));
  f.deliver();
  EXPECT_EQ(f.six.taken.size(), 1U) << "asked again after a while";
  f.world.stop();
}

TEST(AddressChoice, ASiteThatRefusesAFamilyByPolicyIsSpokenToOverTheOther) {
  for (const char* greeting : {"554 5.7.1 no PTR record", "421 4.7.25 reverse DNS"}) {
    TwoFamilies f;
    f.six.manners.greeting = greeting;
    f.world.start();
    f.deliver();
    EXPECT_EQ(f.world.events.count(EventKind::deferred), 0U);
    f.world.run_for(minutes(30));  // the host's own demotion is over, the family's is not
    f.deliver();
    EXPECT_EQ(f.four.taken.size(), 2U);
    EXPECT_EQ(f.six.connections, 1U);
    f.six.manners.greeting = "220 well";
    f.world.run_for(hours(1));
    f.deliver();
    EXPECT_EQ(f.six.taken.size(), 1U) << "forgotten again";
    f.world.stop();
  }
}

TEST(AddressChoice, ARefusalOfTheFamilyAtRcptOrContentIsNotTheLastWord) {
  const std::string refusal = "550 5.7.1 does not meet IPv6 sending guidelines: no PTR record";
  for (const bool at_content : {true, false}) {
    TwoFamilies f;
    if (at_content) {
      f.six.manners.on_content = [&](const FakeMx::Mail&, const std::string&) { return refusal; };
    } else {
      f.six.manners.on_rcpt = [&](const std::string&) { return refusal; };
    }
    f.world.start();
    f.deliver();
    EXPECT_EQ(f.four.taken.size(), 1U);
    EXPECT_EQ(f.world.events.count(EventKind::bounced), 0U);
    EXPECT_EQ(f.world.events.count(EventKind::delivered), 1U);
    f.world.stop();
  }
  TwoFamilies f;
  f.six.manners.on_rcpt = [&](const std::string&) { return refusal; };
  f.world.simulation().set_host(v4, Simulation::HostState::down);
  f.world.start();
  f.deliver();
  EXPECT_NE(f.world.events.find(EventKind::bounced, "user@example.org"), nullptr)
      << "nobody else has answered";
  f.world.stop();
}

TEST(AddressChoice, EachFamilyHasItsSource) {
  TwoFamilies f;
  f.world.settings.sources = {*IpAddress::parse("192.0.2.201"), *IpAddress::parse("2001:db8::201")};
  f.world.start();
  f.deliver();
  f.world.simulation().set_host(v6, Simulation::HostState::down);
  f.deliver();
  std::set<std::string> sources;
  for (const flow::Event& event : f.world.events.events) {
    sources.insert(event.source);
  }
  EXPECT_EQ(sources, (std::set<std::string>{"192.0.2.201", "2001:db8::201"}));
  f.world.stop();
}

TEST(AddressChoice, EqualPreferencesAreDrawnForEachAttempt) {
  World world;
  FakeMx& a = world.add_mx("example.org", 10, "mx1.example.org", 1);
  FakeMx& b = world.add_mx("example.org", 10, "mx2.example.org", 2);
  FakeMx& last = world.add_mx("example.org", 20, "mx3.example.org", 3);
  world.settings.idle_connection = {};
  world.start();
  for (int i = 0; i < 40; ++i) {
    world.submit({.to = {"user@example.org"}});
    world.run_for(seconds(1));  // all within the time that a lookup is good for
  }
  EXPECT_EQ(a.taken.size() + b.taken.size(), 40U);
  EXPECT_GE(a.taken.size(), 8U);
  EXPECT_GE(b.taken.size(), 8U);
  EXPECT_EQ(last.taken.size(), 0U);
  world.stop();
}

// With the default schedule the first retry comes after 4.5 to 5.5 minutes.
TEST(AddressChoice, ARetryLooksAnewAtTheHostThatHadFailed) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World world(seed);
    world.settings.retry.jitter = 0.1;
    FakeMx& best = world.add_mx("example.org", 10, "mx1.example.org", 1);
    FakeMx& backup = world.add_mx("example.org", 20, "mx2.example.org", 2);
    world.simulation().set_host(best.address(), Simulation::HostState::down);
    backup.manners.on_rcpt = [](const std::string&) { return "450 4.2.1 not while mx1 is well"; };
    world.start();
    world.submit({.to = {"user@example.org"}});
    world.run_for(seconds(5));
    world.simulation().set_host(best.address(), Simulation::HostState::up);
    const std::size_t asked = backup.connections;
    world.run_for(minutes(6));
    EXPECT_EQ(best.taken.size(), 1U) << "seed " << seed;
    EXPECT_EQ(backup.connections, asked) << "seed " << seed;
    world.stop();
  }
}

TEST(HostMemory, OneAttemptFindsOutHowAHostIsThatHadFailed) {
  HostMemory memory(10);
  const SocketAddress host{v4, 25};
  const MonoTime end{minutes(5)};
  const MonoTime probed = end + seconds(30);
  EXPECT_FALSE(memory.is_avoided(host, {}, probed));
  memory.on_failed(host, end);
  EXPECT_TRUE(memory.is_avoided(host, end - seconds(1), probed));
  EXPECT_FALSE(memory.is_avoided(host, end, probed)) << "the probe";
  EXPECT_TRUE(memory.is_avoided(host, end, probed)) << "others go elsewhere meanwhile";
  EXPECT_FALSE(memory.is_avoided(host, probed, probed + seconds(30))) << "it was lost: the next";
  memory.on_worked(host);
  EXPECT_FALSE(memory.is_avoided(host, end, probed));
  EXPECT_FALSE(memory.is_avoided(host, end, probed));
}

TEST(HostMemory, ADemotionIsOverBeforeTheFirstRetry) {
  DeliverySettings settings;
  const Duration first = settings.retry.intervals.front();
  EXPECT_LT(demotion_time(settings), first * 9 / 10);
  EXPECT_GT(demotion_time(settings), first / 2);
  settings.retry.intervals = {hours(1)};
  EXPECT_EQ(demotion_time(settings), settings.host_memory);
}

TEST(FamilyMemory, IsBoundedAndForgets) {
  FamilyMemory memory(2);
  const MonoTime now{minutes(1)};
  memory.on_refused("a", IpFamily::v6, now, now + minutes(1));
  EXPECT_TRUE(memory.is_refused("a", IpFamily::v6, now));
  EXPECT_FALSE(memory.is_refused("a", IpFamily::v4, now));
  EXPECT_FALSE(memory.is_refused("a", IpFamily::v6, now + minutes(1)));
  memory.on_refused("b", IpFamily::v6, now, now + minutes(9));
  memory.on_refused("c", IpFamily::v6, now + minutes(2), now + minutes(9));
  EXPECT_EQ(memory.size(), 2U);
  EXPECT_TRUE(memory.is_refused("b", IpFamily::v6, now)) << "what is over goes first";
}

// Runs a race to its end.
struct Raced {
  std::unique_ptr<Simulation> simulation = Simulation::create({.seed = 1, .cores = 1});
  std::vector<std::unique_ptr<engine::Listener>> listeners;
  RaceOrder order{{}, seconds(30)};

  void add(std::uint8_t number, Simulation::HostState state) {
    const SocketAddress at{IpAddress::v4({192, 0, 2, number}), 25};
    listeners.push_back(*simulation->reactor(0).listen({at}));
    simulation->set_host(at.ip, state);
    order.to.push_back({at, {}});
  }
  RaceResult run(engine::CancelToken cancel = {}) {
    std::optional<RaceResult> out;
    simulation->run(keep_result(race_connects(simulation->reactor(0), order, cancel), out));
    return *std::move(out);
  }
};

TEST(ConnectRace, TriesAllAndSaysWhyNoneIsThere) {
  Raced f;
  f.add(1, Simulation::HostState::down);
  f.add(2, Simulation::HostState::unreachable);
  f.add(3, Simulation::HostState::down);
  const MonoTime began = f.simulation->reactor(0).now();
  const RaceResult result = f.run();
  EXPECT_FALSE(result.stream);
  for (const auto& runner : result.runners) {
    EXPECT_TRUE(runner.begun);
    EXPECT_TRUE(runner.error.has_value());
  }
  EXPECT_EQ(result.runners[1].error, engine::IoError::timed_out);
  EXPECT_LT(f.simulation->reactor(0).now() - began, seconds(31))
      << "side by side, not one after another";
}

TEST(ConnectRace, WhatHasNotBegunWhenOneIsThereNeverBegins) {
  Raced f;
  f.add(1, Simulation::HostState::down);
  f.add(2, Simulation::HostState::up);
  f.add(3, Simulation::HostState::up);
  const RaceResult result = f.run();
  EXPECT_TRUE(result.stream);
  EXPECT_EQ(result.winner, 1U);
  EXPECT_TRUE(result.runners[0].error.has_value());
  EXPECT_FALSE(result.runners[2].begun);
}

TEST(ConnectRace, ACancelledRaceEnds) {
  Raced f;
  f.add(1, Simulation::HostState::unreachable);
  f.add(2, Simulation::HostState::unreachable);
  engine::CancelSource cancel;
  f.simulation->post_after(seconds(1), 0, [&] { cancel.cancel(); });
  const RaceResult result = f.run(cancel.token());
  EXPECT_FALSE(result.stream);
}

}  // namespace
}  // namespace postrider::delivery
