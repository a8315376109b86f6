#pragma once

#include <coroutine>
#include <memory>
#include <optional>

#include <postrider/engine/reactor.hpp>

namespace postrider::engine {

// One wait of one coroutine, which ends by whatever comes first: finish(), the deadline or the
// cancel. Lives in the waiting frame. It schedules the coroutine once and never resumes it itself.
class Wait : private CancelHook {
 public:
  enum class End : std::uint8_t { pending, done, timed_out, cancelled };

  Wait(Reactor& reactor, Until until) : reactor_(reactor), until_(until) {}

  [[nodiscard]] bool is_pending() const { return end_ == End::pending; }
  void finish(End end = End::done) noexcept {
    if (end_ != End::pending) {
      return;
    }
    end_ = end;
    if (handle_) {
      reactor_.schedule(handle_);
    }
  }

  bool await_ready() {
    if (end_ == End::pending && until_.cancel.is_cancelled()) {
      end_ = End::cancelled;
    } else if (end_ == End::pending && until_.deadline <= reactor_.now()) {
      end_ = End::timed_out;
    }
    return end_ != End::pending;
  }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    (void)until_.cancel.attach(*this);  // await_ready has seen that it is not cancelled
    if (until_.deadline != mono_never) {
      timer_ = reactor_.make_timer([this] { finish(End::timed_out); });
      timer_->arm(until_.deadline);
    }
  }
  End await_resume() {
    timer_.reset();
    CancelToken::detach(*this);
    return end_;
  }

 protected:
  ~Wait() = default;

 private:
  void on_cancel() noexcept override { finish(End::cancelled); }

  Reactor& reactor_;
  Until until_;
  std::coroutine_handle<> handle_;
  std::unique_ptr<Timer> timer_;
  End end_ = End::pending;
};

// A wait without anything of its own beside it.
struct PlainWait final : Wait {
  using Wait::Wait;
};

// A Wait that others find by a pointer, which it clears when it dies.
struct SlotWait final : Wait {
  SlotWait(SlotWait*& place, Reactor& reactor, Until until) : Wait(reactor, until), slot(place) {
    check(slot == nullptr, "two coroutines wait for the same end of a socket");
    slot = this;
  }
  ~SlotWait() { slot = nullptr; }
  SlotWait*& slot;
};

// Lets everything else that is runnable go first.
struct NextTurn {
  Reactor& reactor;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) const { reactor.schedule(handle); }
  void await_resume() const noexcept {}
};

// The same check that a wait begins with, for operations that do not wait.
[[nodiscard]] inline std::optional<IoError> ended_before(Reactor& reactor, const Until& until) {
  if (until.cancel.is_cancelled()) {
    return IoError::cancelled;
  }
  return until.deadline <= reactor.now() ? std::optional(IoError::timed_out) : std::nullopt;
}

// For ends other than done.
[[nodiscard]] inline IoError error_of(Wait::End end) {
  return end == Wait::End::timed_out ? IoError::timed_out : IoError::cancelled;
}

}  // namespace postrider::engine
