#pragma once

#include <postrider/base/time.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/service/control/live_queue.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::control {

struct QuarantineSettings {
  Duration max_age{std::chrono::hours(24 * 30)};  // 0: for ever
  Duration check_every{std::chrono::hours(1)};
};

// Throws away what has been in quarantine for too long; each gets its event from delivery.
// Shard: the core of `reactor`.
class QuarantineKeeper {
 public:
  // All of it outlives this.
  QuarantineKeeper(engine::Reactor& reactor, store::QueueStore& queue, LiveQueue& live,
                   QuarantineSettings settings)
      : reactor_(reactor), queue_(queue), live_(live), settings_(settings), gate_(reactor) {}

  // Looks now, and again after each while.
  void start();
  // Ends when it has.
  [[nodiscard]] engine::Task<void> stop();
  // Once; how many were thrown away.
  [[nodiscard]] engine::Task<std::uint64_t> sweep();
  void set(QuarantineSettings settings) { settings_ = settings; }

 private:
  engine::Task<void> run(engine::Gate::Pass pass);
  engine::Reactor& reactor_;
  store::QueueStore& queue_;
  LiveQueue& live_;
  QuarantineSettings settings_;
  engine::Gate gate_;
};

}  // namespace postrider::control
