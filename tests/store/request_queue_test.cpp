#include "store/request_queue.hpp"

#include <gtest/gtest.h>
#include <thread>

namespace postrider::store {
namespace {

std::unique_ptr<Request> numbered(CoreId core, std::uint64_t number) {
  auto request = std::make_unique<Request>();
  request->core = core;
  request->bytes = number;
  return request;
}

TEST(RequestQueue, KeepsTheOrderOfEachCore) {
  constexpr CoreId cores = 3;
  constexpr std::uint64_t each = 20'000;
  RequestQueue queue;
  std::vector<std::thread> producers;
  for (CoreId core = 0; core < cores; ++core) {
    producers.emplace_back([&queue, core] {
      for (std::uint64_t i = 0; i < each; ++i) {
        auto request = numbered(core, i);
        ASSERT_TRUE(queue.push(request));
      }
    });
  }
  std::vector<std::uint64_t> next(cores);
  for (std::uint64_t seen = 0; seen < cores * each;) {
    Requests taken;
    queue.wait(std::nullopt);
    queue.take(taken);
    for (const auto& request : taken) {
      EXPECT_EQ(request->bytes, next[request->core]++);
    }
    seen += taken.size();
  }
  for (std::thread& producer : producers) {
    producer.join();
  }
}

TEST(RequestQueue, GivesWhatWasPushedBeforeTheCloseAndRefusesTheRest) {
  RequestQueue queue;
  auto early = numbered(0, 1);
  ASSERT_TRUE(queue.push(early));
  queue.close();
  auto late = numbered(0, 2);
  EXPECT_FALSE(queue.push(late));
  EXPECT_NE(late, nullptr);
  queue.wait(std::nullopt);  // returns: it is closed
  EXPECT_TRUE(queue.is_closed());
  Requests taken;
  queue.take(taken);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0]->bytes, 1U);
  queue.close();
  queue.take(taken);
  EXPECT_EQ(taken.size(), 1U);
}

TEST(RequestQueue, WaitsNoLongerThanItsDeadline) {
  RequestQueue queue;
  queue.wait(RequestQueue::Clock::now());  // would hang otherwise
  Requests taken;
  queue.take(taken);
  EXPECT_TRUE(taken.empty());
}

TEST(RequestQueue, AReminderEndsOneWait) {
  RequestQueue queue;
  queue.remind();
  queue.wait(std::nullopt);  // would hang otherwise
  const auto began = RequestQueue::Clock::now();
  queue.wait(began + std::chrono::milliseconds(20));
  EXPECT_GE(RequestQueue::Clock::now(), began + std::chrono::milliseconds(20));
  std::thread other([&queue] { queue.remind(); });
  queue.wait(std::nullopt);
  other.join();
}

TEST(RequestQueue, FreesWhatNobodyTook) {
  RequestQueue queue;
  auto request = numbered(0, 1);
  ASSERT_TRUE(queue.push(request));
}  // the leak checker is the judge

}  // namespace
}  // namespace postrider::store
