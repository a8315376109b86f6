#include "../instrumented.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <vector>

#include <postrider/engine/simulation.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/engine/when_all.hpp>

namespace postrider::engine {
namespace {

Task<int> ready(int value) {
  co_return value;
}

Task<void> sum_many(int count, long& sum) {
  for (int i = 0; i < count; ++i) {
    sum += co_await ready(1);
  }
}

TEST(Task, LoopsOverReadyAwaitsWithoutStack) {
  const auto simulation = Simulation::create({});
  long sum = 0;
  simulation->run(sum_many(1'000'000, sum));
  EXPECT_EQ(sum, 1'000'000);
}

Task<int> nest(int depth) {
  if (depth == 0) {
    co_return 0;
  }
  co_return 1 + co_await nest(depth - 1);
}

Task<void> store_depth(int depth, int& out) {
  out = co_await nest(depth);
}

// A stack frame for each level would need more than the 8 MiB of a thread.
TEST(Task, ReturnsThroughAMillionLevelsWithoutStack) {
  // Without the optimiser the transfer is a call.
  constexpr int depth = is_instrumented ? 20'000 : 1'000'000;
  const auto simulation = Simulation::create({});
  int reached = 0;
  simulation->run(store_depth(depth, reached));
  EXPECT_EQ(reached, depth);
}

Task<std::unique_ptr<int>> make_box(int value) {
  co_return std::make_unique<int>(value);
}

Task<void> take_box(int& out) {
  const std::unique_ptr<int> box = co_await make_box(42);
  out = *box;
}

TEST(Task, HandsOverMoveOnlyResults) {
  const auto simulation = Simulation::create({});
  int out = 0;
  simulation->run(take_box(out));
  EXPECT_EQ(out, 42);
}

struct Counted {
  explicit Counted(int& alive) : count(alive) { ++count; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --count; }
  int& count;
};

Task<void> hold(std::shared_ptr<Counted> held) {
  (void)held;
  co_return;
}

TEST(Task, FreesItsFrameWhenNeverAwaited) {
  int alive = 0;
  {
    const Task<void> task = hold(std::make_shared<Counted>(alive));
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
}

TEST(Task, MovesAnEmptyOneAway) {
  Task<int> task = ready(1);
  Task<int> other = std::move(task);
  task = std::move(other);
  int out = 0;
  struct Use {
    static Task<void> run(Task<int> inner, int& result) { result = co_await std::move(inner); }
  };
  const auto simulation = Simulation::create({});
  simulation->run(Use::run(std::move(task), out));
  EXPECT_EQ(out, 1);
}

Task<int> later(Reactor& reactor, Duration delay, int value, std::vector<int>& order) {
  (void)co_await reactor.sleep_for(delay);
  order.push_back(value);
  co_return value;
}

Task<void> join_two(Reactor& reactor, std::vector<int>& order, std::vector<int>& results) {
  using std::chrono::milliseconds;
  auto [first, second] = co_await when_all(later(reactor, milliseconds(20), 1, order),
                                           later(reactor, milliseconds(10), 2, order));
  results = {first, second};
  std::vector<Task<int>> tasks;
  for (int i = 3; i < 6; ++i) {
    tasks.push_back(later(reactor, milliseconds(100 - i), i, order));
  }
  for (const int value : co_await when_all(std::move(tasks))) {
    results.push_back(value);
  }
  // None at all, and those that end at once.
  EXPECT_TRUE((co_await when_all(std::vector<Task<int>>())).empty());
  auto [a, b] = co_await when_all(ready(6), make_box(7));
  results.push_back(a);
  results.push_back(*b);
}

TEST(WhenAll, RunsAtOnceAndKeepsTheOrderOfResults) {
  const auto simulation = Simulation::create({});
  std::vector<int> order;
  std::vector<int> results;
  simulation->run(join_two(simulation->reactor(0), order, results));
  EXPECT_EQ(order, (std::vector<int>{2, 1, 5, 4, 3}));
  EXPECT_EQ(results, (std::vector<int>{1, 2, 3, 4, 5, 6, 7}));
}

Task<void> wait_for_ever(Reactor& reactor, std::shared_ptr<Counted> held) {
  (void)held;
  std::vector<int> order;
  co_await when_all(hold(held), hold(held));
  auto joined = co_await when_all(later(reactor, std::chrono::hours(1), 1, order),
                                  later(reactor, std::chrono::hours(2), 2, order));
  (void)joined;
}

TEST(WhenAll, DiesWithItsTask) {
  int alive = 0;
  {
    const auto simulation = Simulation::create({});
    simulation->reactor(0).spawn(
        wait_for_ever(simulation->reactor(0), std::make_shared<Counted>(alive)));
    simulation->run_for(std::chrono::minutes(90));
    EXPECT_EQ(alive, 1);
    EXPECT_EQ(simulation->reactor(0).counters().tasks_alive, 1U);
  }
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace postrider::engine
