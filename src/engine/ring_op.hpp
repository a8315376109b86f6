#pragma once

#include "ring_reactor.hpp"

#include <coroutine>
#include <optional>

namespace postrider::engine {

// One operation of the kernel that one coroutine awaits, with its bound: at the deadline or the
// cancel the kernel is asked to give it up, and the completion is awaited all the same. Lives in
// the waiting frame. Use: make it, queue the operation on the ring with it, co_await it.
class KernelOp final : public RingOp, private CancelHook, private TimerWheel::Node {
 public:
  KernelOp(RingReactor& reactor, Until until) : reactor_(reactor), until_(until) {}

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    if (!until_.cancel.attach(*this)) {
      on_cancel();
    } else if (until_.deadline != mono_never) {
      reactor_.arm(*this, until_.deadline);
    }
  }
  // As the system call's result, or -errno.
  int await_resume() {
    CancelToken::detach(*this);
    return result_;
  }
  // Why the operation was given up, if it was; its result may still be a success.
  [[nodiscard]] std::optional<IoError> given_up() const { return given_up_; }

  void on_completion(const Completion& completion) override {
    result_ = completion.result;
    completed_ = true;
    reactor_.schedule(handle_);
  }

 private:
  void on_cancel() noexcept override { give_up(IoError::cancelled); }
  void on_due() override { give_up(IoError::timed_out); }
  void give_up(IoError reason) {
    if (!completed_ && !given_up_) {
      given_up_ = reason;
      reactor_.ring().cancel(*this);
    }
  }

  RingReactor& reactor_;
  Until until_;
  std::coroutine_handle<> handle_;
  int result_ = 0;
  bool completed_ = false;
  std::optional<IoError> given_up_;
};

}  // namespace postrider::engine
