#include "backend.hpp"

#include <algorithm>
#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/when_all.hpp>

namespace postrider::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ReactorDoor : public EachBackend {};
POSTRIDER_EACH_BACKEND(ReactorDoor);

Task<void> note_after(Reactor& reactor, Duration delay, int number, std::vector<int>& order) {
  EXPECT_EQ(co_await reactor.sleep_for(delay), WaitEnd::elapsed);
  order.push_back(number);
}

Task<void> sleepers(Cores&, Reactor& reactor) {
  std::vector<int> order;
  std::vector<Task<void>> tasks;
  const MonoTime before = reactor.now();
  for (const int delay : {30, 5, 70, 0, 15}) {
    tasks.push_back(note_after(reactor, milliseconds(delay), delay, order));
  }
  co_await when_all(std::move(tasks));
  EXPECT_EQ(order, (std::vector<int>{0, 5, 15, 30, 70}));
  EXPECT_GE(reactor.now() - before, milliseconds(70));
}
TEST_P(ReactorDoor, WakesSleepersInTimeOrder) {
  run(sleepers);
}

Task<void> cancel_soon(Reactor& reactor, CancelSource& source) {
  (void)co_await reactor.sleep_for(milliseconds(3));
  source.cancel();
}
Task<void> sleep_cancelled(Reactor& reactor, CancelToken token) {
  EXPECT_EQ(co_await reactor.sleep(Until{.cancel = token}), WaitEnd::cancelled);
  EXPECT_EQ(co_await reactor.sleep(Until{.cancel = token}), WaitEnd::cancelled);
}
Task<void> cancelled_sleep(Cores&, Reactor& reactor) {
  CancelSource source;
  co_await when_all(sleep_cancelled(reactor, source.token()), cancel_soon(reactor, source));
}
TEST_P(ReactorDoor, CancelsASleep) {
  run(cancelled_sleep);
}

Task<void> timers(Cores&, Reactor& reactor) {
  int first = 0;
  int second = 0;
  std::unique_ptr<Timer> dying;
  auto moved = reactor.make_timer([&] { ++first; });
  auto disarmed = reactor.make_timer([] { ADD_FAILURE() << "disarmed, but fired"; });
  dying = reactor.make_timer([&] {
    ++second;
    dying.reset();
  });
  // Nothing here depends on how late a busy machine wakes us.
  moved->arm(reactor.now() + milliseconds(2));
  moved->arm(reactor.now() + std::chrono::hours(1));
  disarmed->arm(reactor.now() + milliseconds(5));
  disarmed->disarm();
  dying->arm(reactor.now() + milliseconds(1));
  (void)co_await reactor.sleep_for(milliseconds(20));
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
  moved->arm(reactor.now() + milliseconds(1));
  (void)co_await reactor.sleep_for(milliseconds(5));
  EXPECT_EQ(first, 1);
  moved->arm(reactor.now() + milliseconds(1));
  disarmed->arm(reactor.now() + milliseconds(1));
  disarmed.reset();
  (void)co_await reactor.sleep_for(milliseconds(5));
  EXPECT_EQ(first, 2);
  moved->arm(reactor.now() + std::chrono::hours(1));  // dies armed
}
TEST_P(ReactorDoor, ArmsMovesAndDisarmsTimers) {
  run(timers);
}

Task<void> spawned(std::vector<int>& order, int number) {
  order.push_back(number);
  co_return;
}
Task<void> order_of_turns(Cores&, Reactor& reactor) {
  std::vector<int> order;
  reactor.spawn(spawned(order, 1));
  reactor.defer([&] { order.push_back(2); });
  reactor.spawn(spawned(order, 3));
  order.push_back(0);
  (void)co_await reactor.sleep_for(milliseconds(1));
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(reactor.counters().tasks_alive, 1U);
  EXPECT_NE(reactor.random().next_u64(), reactor.random().next_u64());
  EXPECT_GT(reactor.wall_now(), from_unix_millis(1'700'000'000'000));
}
TEST_P(ReactorDoor, RunsInOrderOfScheduling) {
  run(order_of_turns);
}

Task<void> offload_add(Reactor& reactor, std::atomic<int>& elsewhere, int& here, int number) {
  EXPECT_TRUE(
      co_await reactor.offload([&elsewhere, number] { elsewhere += number; }, soon(reactor)));
  here += number;
}
Task<void> offloads(Cores&, Reactor& reactor) {
  std::atomic<int> elsewhere = 0;
  int here = 0;
  std::vector<Task<void>> jobs;
  for (int i = 1; i <= 2000; ++i) {  // more than there are places
    jobs.push_back(offload_add(reactor, elsewhere, here, i));
  }
  co_await when_all(std::move(jobs));
  EXPECT_EQ(elsewhere, 2000 * 2001 / 2);
  EXPECT_EQ(here, 2000 * 2001 / 2);
  CancelSource source;
  source.cancel();
  bool ran = false;
  const auto outcome =
      co_await reactor.offload([&] { ran = true; }, Until{.cancel = source.token()});
  // Cancelled before it had a place, or begun and then awaited.
  EXPECT_EQ(outcome.has_value(), ran);
}
TEST_P(ReactorDoor, OffloadsWithinItsBound) {
  run(offloads);
}

Task<void> burn(Reactor& reactor, int number, std::vector<int>& order) {
  co_await reactor.heavy_step();
  order.push_back(number);
}
Task<void> answer_between(Reactor& reactor, std::vector<int>& order) {
  (void)co_await reactor.sleep(Until{.deadline = reactor.now()});
  order.push_back(0);
}
Task<void> heavy_steps(Cores&, Reactor& reactor) {
  std::vector<int> order;
  std::vector<Task<void>> tasks;
  for (int i = 1; i <= 5; ++i) {
    tasks.push_back(burn(reactor, i, order));
  }
  tasks.push_back(answer_between(reactor, order));
  co_await when_all(std::move(tasks));
  EXPECT_EQ(order.size(), 6U);
  EXPECT_NE(order.back(), 0);  // who only answers does not wait for all who burn
  std::erase(order, 0);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}
TEST_P(ReactorDoor, GivesHeavyStepsATurnEach) {
  run(heavy_steps);
}

struct Tally {
  explicit Tally(Reactor& reactor) : done(reactor) {}
  std::vector<int> heard;
  Event done;
};

Task<void> posts(Cores& cores, Reactor& reactor) {
  Tally tally(reactor);
  constexpr int count = 20'000;
  // To core 1, which sends each on to core 0: both legs keep their order.
  for (int i = 0; i < count; ++i) {
    cores.post(reactor, 1, [&cores, &tally, i] {
      EXPECT_EQ(cores.reactor(1).core(), 1);
      cores.post(cores.reactor(1), 0, [&tally, i] {
        tally.heard.push_back(i);
        if (i == count - 1) {
          tally.done.set();
        }
      });
    });
    if (i % 1000 == 0) {
      (void)co_await reactor.sleep_for(milliseconds(1));
    }
  }
  EXPECT_TRUE(co_await tally.done.wait(soon(reactor)));
  EXPECT_EQ(tally.heard.size(), static_cast<std::size_t>(count));
  EXPECT_TRUE(std::ranges::is_sorted(tally.heard));
}
TEST_P(ReactorDoor, PostsBetweenCoresInOrder) {
  run(posts, 2);
}

Task<void> self_post(Cores& cores, Reactor& reactor) {
  Tally tally(reactor);
  for (int i = 0; i < 10; ++i) {
    cores.post(reactor, 0, [&tally, i] { tally.heard.push_back(i); });
  }
  cores.post(reactor, 0, [&tally] { tally.done.set(); });
  EXPECT_TRUE(tally.heard.empty());
  EXPECT_TRUE(co_await tally.done.wait(soon(reactor)));
  EXPECT_EQ(tally.heard.size(), 10U);
}
TEST_P(ReactorDoor, PostsToItselfInALaterTurn) {
  run(self_post);
}

Task<void> inlets(Cores& cores, Reactor& reactor) {
  Tally tally(reactor);
  const auto inlet = cores.open_inlet(0);
  for (int i = 0; i < 100; ++i) {
    inlet->post([&tally, i] { tally.heard.push_back(i); });
  }
  inlet->post([&tally] { tally.done.set(); });
  (void)co_await reactor.sleep_for(milliseconds(2));
  EXPECT_TRUE(tally.heard.empty());  // nothing before flush()
  inlet->flush();
  EXPECT_TRUE(co_await tally.done.wait(soon(reactor)));
  EXPECT_TRUE(std::ranges::is_sorted(tally.heard));
  EXPECT_EQ(tally.heard.size(), 100U);
}
TEST_P(ReactorDoor, TakesGroupsFromAnInlet) {
  run(inlets);
}

Task<void> foreign_thread(Cores& cores, Reactor& reactor) {
  Tally tally(reactor);
  constexpr int count = 10'000;
  std::thread producer([&] {
    const auto inlet = cores.open_inlet(0);
    for (int i = 0; i < count; ++i) {
      inlet->post([&tally, i] {
        tally.heard.push_back(i);
        if (i == count - 1) {
          tally.done.set();
        }
      });
      if (i % 7 == 0) {
        inlet->flush();
      }
    }
  });
  EXPECT_TRUE(co_await tally.done.wait(soon(reactor)));
  producer.join();
  EXPECT_EQ(tally.heard.size(), static_cast<std::size_t>(count));
  EXPECT_TRUE(std::ranges::is_sorted(tally.heard));
}
TEST(RealReactor, HearsAThreadWithoutARing) {
  run_on(BackendKind::real, 1, foreign_thread);
}

}  // namespace
}  // namespace postrider::engine
