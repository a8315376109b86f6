#pragma once

#include <coroutine>
#include <functional>
#include <optional>
#include <utility>

#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::engine {

namespace run_on_detail {

template <class T>
struct Call {
  Cores& cores;
  Reactor& from;
  Reactor& target;
  std::move_only_function<Task<T>()> work;
  std::optional<T> value;
  std::coroutine_handle<> waiting;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    waiting = handle;
    cores.post(from, target.core(), [this] { target.spawn(carry(*this)); });
  }
  [[nodiscard]] T await_resume() { return std::move(*value); }

 private:
  static Task<void> carry(Call& call) {
    call.value.emplace(co_await call.work());
    call.cores.post(call.target, call.from.core(), [&call] { call.from.schedule(call.waiting); });
  }
};

}  // namespace run_on_detail

// Runs `work` on another core and resumes here with its value; on this core it is just awaited.
// Only values cross: what `work` captures and what it returns. It has no deadline of its own: the
// work's waits have theirs. Shard: `from` is the calling core's.
template <class T>
Task<T> run_on(Cores& cores, Reactor& from, CoreId to, std::move_only_function<Task<T>()> work) {
  if (to == from.core()) {
    co_return co_await work();
  }
  run_on_detail::Call<T> call{cores, from, cores.reactor(to), std::move(work), {}, {}};
  co_return co_await call;
}

}  // namespace postrider::engine
