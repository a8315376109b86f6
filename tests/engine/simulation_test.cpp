#include "backend.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/engine/simulation.hpp>

namespace postrider::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Task<void> serve_one(Reactor& reactor, Listener& listener) {
  auto stream = co_await listener.accept(Until{});
  if (!stream) {
    co_return;
  }
  while (true) {
    const auto octets = co_await (*stream)->receive(soon(reactor));
    if (!octets) {
      co_return;
    }
    if (!co_await (*stream)->send(*octets, soon(reactor))) {
      co_return;
    }
  }
}

Task<void> converse(Reactor& reactor, SocketAddress to, std::string& heard) {
  auto stream = co_await reactor.connect({.to = to}, soon(reactor));
  if (!stream) {
    co_return;
  }
  for (int i = 0; i < 20; ++i) {
    if (!co_await (*stream)->send("hello ", soon(reactor))) {
      co_return;
    }
  }
  (*stream)->shutdown_send();
  while (true) {
    const auto octets = co_await (*stream)->receive(soon(reactor));
    if (!octets) {
      co_return;
    }
    heard += *octets;
  }
}

std::uint64_t hash_of_conversation(std::uint64_t seed) {
  const auto simulation = Simulation::create({.seed = seed, .cores = 3});
  auto listener = simulation->reactor(1).listen({.address = loopback_any()});
  EXPECT_TRUE(listener);
  simulation->reactor(1).spawn(serve_one(simulation->reactor(1), **listener));
  std::string heard;
  simulation->run(converse(simulation->reactor(0), (*listener)->local(), heard));
  EXPECT_EQ(heard.size(), 120U);
  simulation->run_until_idle();
  return simulation->trace_hash();
}

TEST(Simulation, GivesOneTraceForOneSeed) {
  EXPECT_EQ(hash_of_conversation(1), hash_of_conversation(1));
  EXPECT_EQ(hash_of_conversation(2), hash_of_conversation(2));
  EXPECT_NE(hash_of_conversation(1), hash_of_conversation(2));
}

TEST(Simulation, HashesWhatRoomsTrace) {
  const auto hash = [](std::string_view text) {
    const auto simulation = Simulation::create({});
    simulation->trace(text);
    return simulation->trace_hash();
  };
  EXPECT_EQ(hash("delivered"), hash("delivered"));
  EXPECT_NE(hash("delivered"), hash("deferred"));
}

Task<void> retry_for_days(Reactor& reactor, int& attempts) {
  const MonoTime end = reactor.now() + std::chrono::days(5);
  while (reactor.now() < end) {
    (void)co_await reactor.sleep_for(std::chrono::minutes(1));
    ++attempts;
  }
}

TEST(Simulation, SleepsFiveDaysInNoTime) {
  const auto simulation = Simulation::create({});
  Reactor& reactor = simulation->reactor(0);
  const WallTime before = reactor.wall_now();
  int attempts = 0;
  simulation->run(retry_for_days(reactor, attempts));
  EXPECT_EQ(attempts, 5 * 24 * 60);
  EXPECT_EQ(reactor.wall_now() - before, std::chrono::days(5));
}

Task<void> expect_connect(Reactor& reactor, SocketAddress to, Duration patience, IoError expected,
                          Duration& took) {
  const MonoTime before = reactor.now();
  const auto stream = co_await reactor.connect({.to = to}, within(reactor, patience));
  took = reactor.now() - before;
  EXPECT_FALSE(stream);
  EXPECT_EQ(stream.error(), expected);
}

TEST(Simulation, RefusesWhenDownAndHangsWhenUnreachable) {
  const auto simulation = Simulation::create({});
  Reactor& reactor = simulation->reactor(0);
  const SocketAddress host = *SocketAddress::parse("192.0.2.10:25");
  auto listener = reactor.listen({.address = host});
  ASSERT_TRUE(listener);
  Duration took{};
  simulation->set_host(host.ip, Simulation::HostState::down);
  simulation->run(expect_connect(reactor, host, seconds(30), IoError::refused, took));
  EXPECT_LT(took, milliseconds(10));
  simulation->set_host(host.ip, Simulation::HostState::unreachable);
  simulation->run(expect_connect(reactor, host, seconds(30), IoError::timed_out, took));
  EXPECT_EQ(took, seconds(30));
  // As TCP itself gives up in the end.
  simulation->run(expect_connect(reactor, host, seconds(300), IoError::unreachable, took));
  EXPECT_GE(took, seconds(127));
  simulation->set_host(host.ip, Simulation::HostState::up);
  simulation->run(expect_connect(reactor, {host.ip, 26}, seconds(30), IoError::refused, took));
}

Task<void> expect_held_up(Simulation& simulation, Reactor& reactor, SocketAddress to,
                          Listener& listener) {
  auto client = co_await reactor.connect({.to = to}, soon(reactor));
  auto server = co_await listener.accept(soon(reactor));
  simulation.set_host(to.ip, Simulation::HostState::unreachable);
  EXPECT_TRUE(co_await (*client)->send("late", soon(reactor)));
  const auto nothing = co_await (*server)->receive(within(reactor, seconds(5)));
  EXPECT_EQ(nothing.error(), IoError::timed_out);
  simulation.set_host(to.ip, Simulation::HostState::up);
  std::string heard;
  while (heard.size() < 4) {
    heard += (co_await (*server)->receive(soon(reactor))).value_or("fail");
  }
  EXPECT_EQ(heard, "late");
  simulation.set_host(to.ip, Simulation::HostState::down);
  EXPECT_EQ((co_await (*client)->receive(soon(reactor))).error(), IoError::reset);
  EXPECT_EQ((co_await (*server)->receive(soon(reactor))).error(), IoError::reset);
}

TEST(Simulation, HoldsUpConnectionsOfUnreachableHostsAndBreaksThoseOfDownOnes) {
  const auto simulation = Simulation::create({});
  Reactor& reactor = simulation->reactor(0);
  const SocketAddress host = *SocketAddress::parse("[2001:db8::25]:25");
  auto listener = reactor.listen({.address = host});
  simulation->run(expect_held_up(*simulation, reactor, host, **listener));
}

Task<void> count_faults(Reactor& reactor, Listener& listener, int& broken, int& silent) {
  for (int i = 0; i < 100; ++i) {
    auto client = co_await reactor.connect({.to = listener.local()}, soon(reactor));
    auto server = co_await listener.accept(soon(reactor));
    const auto sent = co_await (*client)->send("x", soon(reactor));
    broken += !sent && sent.error() == IoError::reset ? 1 : 0;
    const auto heard = co_await (*server)->receive(within(reactor, seconds(1)));
    silent += !heard && heard.error() == IoError::timed_out ? 1 : 0;
  }
}

TEST(Simulation, InjectsTheFaultsThatWereAskedFor) {
  const auto simulation = Simulation::create({});
  simulation->faults().reset_per_send = 0.3;
  simulation->faults().stall_per_send = 0.3;
  auto listener = simulation->reactor(0).listen({.address = loopback_any()});
  int broken = 0;
  int silent = 0;
  simulation->run(count_faults(simulation->reactor(0), **listener, broken, silent));
  EXPECT_GT(broken, 10);
  EXPECT_LT(broken, 60);
  EXPECT_GT(silent, 5);
  EXPECT_LT(silent, 60);
}

Task<void> hold_stream(Reactor& reactor, SocketAddress to) {
  auto stream = co_await reactor.connect({.to = to}, soon(reactor));
  (void)co_await (*stream)->receive(Until{});
  ADD_FAILURE() << "a killed task was resumed";
}

TEST(Simulation, KillsTasksAsACrashDoes) {
  const auto simulation = Simulation::create({});
  Reactor& reactor = simulation->reactor(0);
  auto listener = reactor.listen({.address = loopback_any()});
  reactor.spawn(hold_stream(reactor, (*listener)->local()));
  bool answered = false;
  simulation->post_after(seconds(60), 0, [&] { answered = true; });
  simulation->run_for(seconds(1));
  EXPECT_EQ(reactor.counters().tasks_alive, 1U);
  simulation->kill_tasks();
  EXPECT_EQ(reactor.counters().tasks_alive, 0U);
  simulation->run_until_idle();
  EXPECT_FALSE(answered);
}

TEST(Simulation, AnswersOfTheDiskComeInTimeOrder) {
  const auto simulation = Simulation::create({.cores = 2});
  std::vector<int> order;
  simulation->post_after(milliseconds(3), 0, [&] { order.push_back(3); });
  simulation->post_after(milliseconds(1), 1, [&] { order.push_back(1); });
  simulation->post_after(milliseconds(2), 0, [&] { order.push_back(2); });
  simulation->run_for(milliseconds(2));
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  simulation->run_until_idle();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

}  // namespace
}  // namespace postrider::engine
