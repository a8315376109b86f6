#include "request_queue.hpp"

#include <algorithm>
#include <utility>

namespace postrider::store {

RequestQueue::~RequestQueue() {
  close();
  Requests dropped;
  take(dropped);
}

bool RequestQueue::push(std::unique_ptr<Request>& request) {
  Request* seen = newest_.load(std::memory_order_acquire);
  do {
    if (seen == &end_) {
      return false;
    }
    request->next = seen;
  } while (!newest_.compare_exchange_weak(seen, request.get(), std::memory_order_acq_rel,
                                          std::memory_order_acquire));
  (void)request.release();  // the queue's from here on
  if (seen == nullptr) {
    {
      const std::lock_guard lock(mutex_);
    }  // the committer is not between its look and its sleep
    arrived_.notify_one();
  }
  return true;
}

void RequestQueue::close() {
  const std::lock_guard lock(mutex_);
  Request* rest = newest_.exchange(&end_, std::memory_order_acq_rel);
  if (rest != &end_) {
    left_ = rest;
    closed_.store(true, std::memory_order_release);
  }
  arrived_.notify_one();
}

void RequestQueue::remind() {
  const std::lock_guard lock(mutex_);
  reminded_ = true;
  arrived_.notify_one();
}

void RequestQueue::wait(std::optional<Clock::time_point> deadline) {
  if (!is_idle()) {
    return;
  }
  std::unique_lock lock(mutex_);
  const auto is_ready = [this] { return !is_idle() || std::exchange(reminded_, false); };
  if (deadline) {
    arrived_.wait_until(lock, *deadline, is_ready);
  } else {
    arrived_.wait(lock, is_ready);
  }
}

void RequestQueue::take(Requests& out) {
  Request* seen = newest_.load(std::memory_order_acquire);
  while (seen != &end_ && !newest_.compare_exchange_weak(seen, nullptr, std::memory_order_acq_rel,
                                                         std::memory_order_acquire)) {
  }
  if (seen == &end_) {
    const std::lock_guard lock(mutex_);
    append(std::exchange(left_, nullptr), out);
  } else {
    append(seen, out);
  }
}

void RequestQueue::append(Request* newest, Requests& out) {
  const auto first = static_cast<std::ptrdiff_t>(out.size());
  while (newest != nullptr) {
    Request* older = std::exchange(newest->next, nullptr);
    out.emplace_back(newest);
    newest = older;
  }
  std::reverse(out.begin() + first, out.end());
}

}  // namespace postrider::store
