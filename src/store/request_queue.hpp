#pragma once

#include "request.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace postrider::store {

// From all cores to the committer's thread, in each core's order. A push is one exchange on a
// shared word; the lock is touched only by the push that finds the queue empty, that is once a
// group. Unbounded by itself: the cores' shares of pending_bytes bound it.
class RequestQueue {
 public:
  using Clock = std::chrono::steady_clock;

  RequestQueue() = default;
  RequestQueue(const RequestQueue&) = delete;
  RequestQueue& operator=(const RequestQueue&) = delete;
  ~RequestQueue();

  // Any thread. False once closed: the request is untouched then.
  [[nodiscard]] bool push(std::unique_ptr<Request>& request);
  // Pushes fail from now on.
  void close();

  // Nothing is in it, and it is open.
  [[nodiscard]] bool is_idle() const { return newest_.load(std::memory_order_acquire) == nullptr; }
  // Ends the wait that is under way, or else the next one.
  void remind();

  // The committer's thread. Waits until something is there, the deadline has passed, somebody
  // reminds it or the queue is closed; appends all there is to `out`.
  void wait(std::optional<Clock::time_point> deadline);
  void take(Requests& out);
  [[nodiscard]] bool is_closed() const { return closed_.load(std::memory_order_acquire); }

 private:
  static void append(Request* newest, Requests& out);
  // Newest first; &end_ once closed, so that a push and close() can't miss each other.
  std::atomic<Request*> newest_ = nullptr;
  std::atomic<bool> closed_ = false;
  Request end_;
  Request* left_ = nullptr;  // what close() found; guarded by mutex_
  bool reminded_ = false;    // guarded by mutex_
  std::mutex mutex_;
  std::condition_variable arrived_;
};

}  // namespace postrider::store
