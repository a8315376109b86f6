#include "backend.hpp"

#include <gtest/gtest.h>
#include <optional>
#include <vector>

#include <postrider/engine/queue.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/when_all.hpp>

namespace postrider::engine {
namespace {

using std::chrono::milliseconds;

class SyncDoor : public EachBackend {};
POSTRIDER_EACH_BACKEND(SyncDoor);

Task<void> await_event(Event& event, Until until, std::vector<std::optional<IoError>>& out) {
  const auto result = co_await event.wait(until);
  out.push_back(result ? std::nullopt : std::optional(result.error()));
}
Task<void> do_after(Reactor& reactor, Duration delay, Work work) {
  (void)co_await reactor.sleep_for(delay);
  work();
}

Task<void> events(Cores&, Reactor& reactor) {
  Event event(reactor);
  CancelSource source;
  std::vector<std::optional<IoError>> out;
  std::vector<Task<void>> tasks;
  tasks.push_back(await_event(event, within(reactor, milliseconds(2)), out));
  tasks.push_back(await_event(event, Until{.cancel = source.token()}, out));
  tasks.push_back(await_event(event, soon(reactor), out));
  tasks.push_back(await_event(event, Until{}, out));
  tasks.push_back(do_after(reactor, milliseconds(10), [&] { source.cancel(); }));
  tasks.push_back(do_after(reactor, milliseconds(20), [&] { event.pulse(); }));
  co_await when_all(std::move(tasks));
  EXPECT_EQ(out, (std::vector<std::optional<IoError>>{IoError::timed_out, IoError::cancelled,
                                                      std::nullopt, std::nullopt}));
  EXPECT_FALSE(event.is_set());
  event.set();
  EXPECT_TRUE(co_await event.wait(Until{.deadline = reactor.now()}));  // does not wait
  event.reset();
  EXPECT_FALSE(co_await event.wait(Until{.deadline = reactor.now()}));
}
TEST_P(SyncDoor, EventWakesAllThatWait) {
  run(events);
}

Task<void> wait_on_dying(Cores&, Reactor& reactor) {
  auto event = std::make_unique<Event>(reactor);
  std::vector<std::optional<IoError>> out;
  co_await when_all(await_event(*event, Until{}, out),
                    do_after(reactor, milliseconds(1), [&] { event.reset(); }));
  EXPECT_EQ(out.at(0), IoError::cancelled);
}
TEST_P(SyncDoor, EventEndsItsWaitsWhenItDies) {
  run(wait_on_dying);
}

Task<void> hold_units(Reactor& reactor, Semaphore& semaphore, std::uint64_t units, int number,
                      std::vector<int>& order) {
  auto permit = co_await semaphore.acquire(units, soon(reactor));
  EXPECT_TRUE(permit);
  EXPECT_EQ(permit->units(), units);
  order.push_back(number);
  (void)co_await reactor.sleep_for(milliseconds(2));
}

Task<void> fairness(Cores&, Reactor& reactor) {
  Semaphore semaphore(reactor, 4);
  std::vector<int> order;
  std::vector<Task<void>> tasks;
  tasks.push_back(hold_units(reactor, semaphore, 3, 0, order));
  tasks.push_back(hold_units(reactor, semaphore, 4, 1, order));  // big: waits for all
  for (int i = 2; i < 6; ++i) {
    tasks.push_back(hold_units(reactor, semaphore, 1, i, order));  // would fit, but came later
  }
  co_await when_all(std::move(tasks));
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(semaphore.free_units(), 4U);
}
TEST_P(SyncDoor, SemaphoreServesInOrderOfArrival) {
  run(fairness);
}

Task<void> acquire_failing(Semaphore& semaphore, std::uint64_t units, Until until, IoError error) {
  const auto permit = co_await semaphore.acquire(units, until);
  EXPECT_FALSE(permit);
  EXPECT_EQ(permit.error(), error);
}

Task<void> impatience(Cores&, Reactor& reactor) {
  Semaphore semaphore(reactor, 2);
  auto held = semaphore.try_acquire(1);
  EXPECT_EQ(held.units(), 1U);
  EXPECT_EQ(semaphore.try_acquire(2).units(), 0U);
  std::vector<int> order;
  CancelSource source;
  // The first waits for two, gives up, and lets through who stood behind.
  std::vector<Task<void>> tasks;
  tasks.push_back(
      acquire_failing(semaphore, 2, within(reactor, milliseconds(5)), IoError::timed_out));
  tasks.push_back(hold_units(reactor, semaphore, 1, 1, order));
  tasks.push_back(
      acquire_failing(semaphore, 2, Until{.cancel = source.token()}, IoError::cancelled));
  tasks.push_back(do_after(reactor, milliseconds(15), [&] { source.cancel(); }));
  co_await when_all(std::move(tasks));
  EXPECT_EQ(order, (std::vector<int>{1}));
  co_await acquire_failing(semaphore, 3, Until{}, IoError::resource);
  Semaphore::Permit moved = std::move(held);
  held.release();
  EXPECT_EQ(semaphore.free_units(), 1U);
  moved.release();
  moved.release();
  EXPECT_EQ(semaphore.free_units(), 2U);
}
TEST_P(SyncDoor, SemaphoreLetsGoOfTheImpatient) {
  run(impatience);
}

Task<void> converse(Reactor& reactor, Gate::Pass pass, CancelToken killing, Duration duration,
                    int& ended) {
  EXPECT_TRUE(pass);
  (void)co_await reactor.sleep(Until{reactor.now() + duration, killing});
  ++ended;
}
Task<void> accept_until(Reactor& reactor, CancelToken closing, bool& closed) {
  closed = co_await reactor.sleep(Until{.cancel = closing}) == WaitEnd::cancelled;
}

Task<void> gates(Cores&, Reactor& reactor) {
  Gate gate(reactor);
  int ended = 0;
  bool closed = false;
  reactor.spawn(accept_until(reactor, gate.closing(), closed));
  reactor.spawn(converse(reactor, gate.enter(), gate.killing(), milliseconds(5), ended));
  reactor.spawn(converse(reactor, gate.enter(), gate.killing(), std::chrono::hours(1), ended));
  EXPECT_EQ(gate.inside(), 2U);
  const MonoTime before = reactor.now();
  co_await gate.drain(reactor.now() + milliseconds(30));
  EXPECT_GE(reactor.now() - before, milliseconds(30));
  EXPECT_EQ(ended, 2);
  EXPECT_TRUE(closed);
  EXPECT_EQ(gate.inside(), 0U);
  EXPECT_FALSE(gate.enter());
  co_await gate.drain(reactor.now());  // again: nothing to wait for
}
TEST_P(SyncDoor, GateDrainsThenKills) {
  run(gates);
}

Task<void> produce(Reactor& reactor, Queue<int>& queue, int count) {
  for (int i = 0; i < count; ++i) {
    EXPECT_TRUE(co_await queue.push(i, soon(reactor)));
    EXPECT_LE(queue.size(), queue.capacity());
  }
  queue.close();
}
Task<void> consume(Reactor& reactor, Queue<int>& queue, int count) {
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(co_await queue.pop(soon(reactor)), i);
  }
  EXPECT_EQ((co_await queue.pop(soon(reactor))).error(), IoError::end_of_stream);
}
Task<void> queues(Cores&, Reactor& reactor) {
  Queue<int> queue(reactor, 3);
  EXPECT_EQ((co_await queue.pop(within(reactor, milliseconds(1)))).error(), IoError::timed_out);
  co_await when_all(produce(reactor, queue, 100), consume(reactor, queue, 100));
  EXPECT_EQ((co_await queue.push(1, soon(reactor))).error(), IoError::end_of_stream);
  Queue<int> full(reactor, 1);
  EXPECT_TRUE(full.try_push(1));
  EXPECT_FALSE(full.try_push(2));
  EXPECT_EQ((co_await full.push(3, within(reactor, milliseconds(1)))).error(), IoError::timed_out);
  EXPECT_EQ(full.try_pop(), 1);
  EXPECT_EQ(full.try_pop(), std::nullopt);
}
TEST_P(SyncDoor, QueueIsBoundedAndEnds) {
  run(queues);
}

}  // namespace
}  // namespace postrider::engine
