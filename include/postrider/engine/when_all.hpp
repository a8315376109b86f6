#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include <postrider/engine/task.hpp>

// Waits for several Tasks of one core at once. All are started, in order, when the result is
// awaited, and all are awaited to their end: to stop the others when one has failed, share a
// CancelSource.
namespace postrider::engine {

namespace task_detail {

// Counts branches that have not ended; the last one resumes who waits.
struct Join {
  std::size_t left = 1;  // the starter itself, so that nobody resumes it while it still starts
  std::coroutine_handle<> waiting;
};

class Branch {
 public:
  struct promise_type {
    Join* join = nullptr;
    Branch get_return_object() {
      return Branch(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    struct Final {
      [[nodiscard]] bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(
          std::coroutine_handle<promise_type> ended) const noexcept {
        Join& all = *ended.promise().join;
        return --all.left == 0 ? all.waiting : std::noop_coroutine();
      }
      void await_resume() const noexcept {}
    };
    [[nodiscard]] Final final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };

  explicit Branch(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Branch(Branch&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Branch& operator=(Branch&&) = delete;
  ~Branch() {
    if (handle_) {
      handle_.destroy();
    }
  }
  void start(Join& join) {
    ++join.left;
    handle_.promise().join = &join;
    handle_.resume();
  }

 private:
  std::coroutine_handle<promise_type> handle_;
};

template <class T>
Branch run_branch(Task<T> task, std::optional<T>& out) {
  out.emplace(co_await std::move(task));
}
inline Branch run_branch(Task<void> task) {
  co_await std::move(task);
}

struct StartAll {
  std::vector<Branch>& branches;
  Join join{};
  [[nodiscard]] bool await_ready() const noexcept { return branches.empty(); }
  bool await_suspend(std::coroutine_handle<> waiting) {
    join.waiting = waiting;
    for (Branch& branch : branches) {
      branch.start(join);
    }
    return --join.left != 0;
  }
  void await_resume() const noexcept {}
};

}  // namespace task_detail

template <class A, class B>
Task<std::tuple<A, B>> when_all(Task<A> a, Task<B> b) {
  std::optional<A> first;
  std::optional<B> second;
  std::vector<task_detail::Branch> branches;
  branches.reserve(2);
  branches.push_back(task_detail::run_branch(std::move(a), first));
  branches.push_back(task_detail::run_branch(std::move(b), second));
  co_await task_detail::StartAll{branches};
  co_return std::tuple<A, B>(std::move(*first), std::move(*second));
}

// Results in the order of the tasks. The caller bounds their number.
template <class T>
Task<std::vector<T>> when_all(std::vector<Task<T>> tasks) {
  std::vector<std::optional<T>> results(tasks.size());
  std::vector<task_detail::Branch> branches;
  branches.reserve(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    branches.push_back(task_detail::run_branch(std::move(tasks[i]), results[i]));
  }
  co_await task_detail::StartAll{branches};
  std::vector<T> out;
  out.reserve(results.size());
  for (std::optional<T>& result : results) {
    out.push_back(std::move(*result));
  }
  co_return out;
}

inline Task<void> when_all(std::vector<Task<void>> tasks) {
  std::vector<task_detail::Branch> branches;
  branches.reserve(tasks.size());
  for (Task<void>& task : tasks) {
    branches.push_back(task_detail::run_branch(std::move(task)));
  }
  co_await task_detail::StartAll{branches};
}

inline Task<void> when_all(Task<void> a, Task<void> b) {
  std::vector<Task<void>> both;
  both.push_back(std::move(a));
  both.push_back(std::move(b));
  co_await when_all(std::move(both));
}

}  // namespace postrider::engine
