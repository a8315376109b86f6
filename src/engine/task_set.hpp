#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>

#include <postrider/engine/task.hpp>

namespace postrider::engine {

// The detached tasks of one reactor: owns each frame until it ends.
class TaskSet {
 public:
  TaskSet() = default;
  TaskSet(const TaskSet&) = delete;
  TaskSet& operator=(const TaskSet&) = delete;
  ~TaskSet() { destroy_all(); }

  // The handle starts the task; resume it once.
  [[nodiscard]] std::coroutine_handle<> add(Task<void> task);
  // Nothing may resume them afterwards.
  void destroy_all();
  // Leaks them: when something that can't be stopped may still write into their frames.
  void abandon() { head_ = nullptr; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Detached;
  static Detached run(TaskSet& set, Task<void> task);

  void* head_ = nullptr;  // Detached::promise_type
  std::size_t size_ = 0;
};

}  // namespace postrider::engine
