#pragma once

#include "ring_reactor.hpp"
#include "wait.hpp"

#include <deque>
#include <signal.h>

namespace postrider::engine {

// The signals that the engine blocks for the whole process and reads on core 0 instead.
class SignalSource final : private RingOp {
 public:
  // Blocks them in the calling thread: before any other is started.
  SignalSource();
  ~SignalSource();  // puts the mask back

  // Arms it on the reactor's thread.
  void begin(RingReactor& reactor);
  Task<IoResult<int>> next(Until until);

 private:
  void on_completion(const Completion& completion) override;

  int fd_;
  sigset_t previous_{};
  RingReactor* reactor_ = nullptr;
  std::deque<int> arrived_;
  SlotWait* waiter_ = nullptr;
};

}  // namespace postrider::engine
