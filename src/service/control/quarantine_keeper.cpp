#include "quarantine.hpp"

#include <fmt/core.h>
#include <utility>
#include <vector>

#include <postrider/base/units.hpp>
#include <postrider/service/control/quarantine_keeper.hpp>

namespace postrider::control {

namespace {

constexpr std::size_t batch = 256;

}  // namespace

void QuarantineKeeper::start() {
  if (auto pass = gate_.enter()) {
    reactor_.spawn(run(std::move(pass)));
  }
}

engine::Task<void> QuarantineKeeper::stop() {
  return gate_.drain(mono_never);
}

engine::Task<void> QuarantineKeeper::run(engine::Gate::Pass pass) {
  const engine::Gate::Pass inside = std::move(pass);
  while (!gate_.is_closed()) {
    (void)co_await sweep();  // how many there were, the event log says
    (void)co_await reactor_.sleep_for(settings_.check_every, gate_.closing());  // or we stop
  }
}

engine::Task<std::uint64_t> QuarantineKeeper::sweep() {
  const Duration max_age = settings_.max_age;
  if (max_age <= Duration{}) {
    co_return 0;
  }
  const WallTime oldest = reactor_.wall_now() - max_age;
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(max_age).count();
  const std::string reason = hours < 48
                                 ? fmt::format("in quarantine for more than {}h", hours)
                                 : fmt::format("in quarantine for more than {} days", hours / 24);
  std::uint64_t done = 0;
  DeliveryId after;
  while (true) {
    std::vector<DeliveryId> expired;
    const auto next =
        co_await walk_quarantine(queue_, after, [&](const store::StoredDelivery& stored) {
          // Ids are in order of arrival: what follows is younger.
          if (stored.envelope->received_at > oldest) {
            return false;
          }
          expired.push_back({stored.envelope->id, stored.number});
          return expired.size() < batch;
        });
    for (const DeliveryId id : expired) {
      const auto removed = co_await live_.apply(QueueAction::remove, id, reason);
      done += removed ? 1 : 0;  // what can't be removed now is met again
    }
    if (!next || !*next || expired.size() < batch || gate_.is_closed()) {
      co_return done;
    }
    after = **next;
  }
}

}  // namespace postrider::control
