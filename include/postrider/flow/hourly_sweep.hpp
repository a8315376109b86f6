#pragma once

#include <functional>
#include <utility>

#include <postrider/base/time.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::flow {

// Does something now and once an hour: removes what is kept for a time only.
// Shard: that of the reactor. drain() before it is destroyed.
class HourlySweep {
 public:
  HourlySweep(engine::Reactor& reactor, std::function<engine::Task<void>()> sweep,
              Duration every = std::chrono::hours(1))
      : reactor_(reactor), sweep_(std::move(sweep)), every_(every), gate_(reactor) {}

  void start() {
    if (auto pass = gate_.enter()) {
      reactor_.spawn(run(std::move(pass)));
    }
  }
  [[nodiscard]] engine::Task<void> drain() { return gate_.drain(mono_never); }

 private:
  engine::Task<void> run(engine::Gate::Pass pass) {
    const engine::Gate::Pass inside = std::move(pass);
    while (!gate_.is_closed()) {
      co_await sweep_();
      (void)co_await reactor_.sleep_for(every_, gate_.closing());  // or we stop
    }
  }

  engine::Reactor& reactor_;
  std::function<engine::Task<void>()> sweep_;
  Duration every_;
  engine::Gate gate_;
};

}  // namespace postrider::flow
