#include "offload_pool.hpp"

#include "ring_reactor.hpp"

#include <pthread.h>

namespace postrider::engine {

void OffloadPool::Job::run() {
  home.note_job_back();
  home.schedule(waiting);
}

void OffloadPool::start(std::uint32_t threads) {
  while (threads_.size() < threads) {
    threads_.emplace_back([this] { serve(); });
    (void)pthread_setname_np(threads_.back().native_handle(), "offload");  // for the eye only
  }
}

void OffloadPool::submit(Job& job) {
  {
    const std::lock_guard lock(mutex_);
    job.queued = nullptr;
    (first_ == nullptr ? first_ : last_->queued) = &job;
    last_ = &job;
  }
  work_or_stop_.notify_one();
}

void OffloadPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_or_stop_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

void OffloadPool::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_or_stop_.wait(lock, [this] { return first_ != nullptr || stopping_; });
    if (first_ == nullptr) {
      return;
    }
    Job& job = *first_;
    first_ = job.queued;
    lock.unlock();
    job.work();
    job.home.deliver(job);
    lock.lock();
  }
}

}  // namespace postrider::engine
