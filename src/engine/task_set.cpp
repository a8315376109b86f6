#include "task_set.hpp"

namespace postrider::engine {

struct TaskSet::Detached {
  struct promise_type {
    TaskSet& set;
    promise_type* previous = nullptr;
    promise_type* next;

    promise_type(TaskSet& owner, Task<void>&)
        : set(owner), next(static_cast<promise_type*>(owner.head_)) {
      if (next != nullptr) {
        next->previous = this;
      }
      set.head_ = this;
      ++set.size_;
    }
    promise_type(const promise_type&) = delete;
    promise_type& operator=(const promise_type&) = delete;
    ~promise_type() {
      if (previous != nullptr) {
        previous->next = next;
      } else {
        set.head_ = next;
      }
      if (next != nullptr) {
        next->previous = previous;
      }
      --set.size_;
    }
    Detached get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};

TaskSet::Detached TaskSet::run(TaskSet&, Task<void> task) {
  co_await std::move(task);
}

std::coroutine_handle<> TaskSet::add(Task<void> task) {
  return run(*this, std::move(task)).handle;
}

void TaskSet::destroy_all() {
  while (head_ != nullptr) {
    using Promise = Detached::promise_type;
    std::coroutine_handle<Promise>::from_promise(*static_cast<Promise*>(head_)).destroy();
  }
}

}  // namespace postrider::engine
