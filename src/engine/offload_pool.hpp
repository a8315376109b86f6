#pragma once

#include "inbox.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace postrider::engine {

class RingReactor;

// Threads for what blocks or burns. How many jobs may wait is bounded by the reactors, each with
// its share of the places.
class OffloadPool {
 public:
  // Lives in the frame that awaits it.
  struct Job final : InboxItem {
    Job(RingReactor& owner, Work what) : home(owner), work(std::move(what)) {}
    void run() override;  // back home
    void drop() noexcept override {}
    RingReactor& home;
    Work work;
    std::coroutine_handle<> waiting;
    Job* queued = nullptr;
  };

  OffloadPool() = default;
  OffloadPool(const OffloadPool&) = delete;
  OffloadPool& operator=(const OffloadPool&) = delete;
  ~OffloadPool() { stop(); }

  void start(std::uint32_t threads);
  // Any thread. The job comes back through its home's inbox.
  void submit(Job& job);
  // Ends the threads once the queue is empty.
  void stop();

 private:
  void serve();

  std::mutex mutex_;
  std::condition_variable work_or_stop_;
  Job* first_ = nullptr;
  Job* last_ = nullptr;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace postrider::engine
