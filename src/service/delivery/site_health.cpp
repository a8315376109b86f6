#include "site_health.hpp"

namespace postrider::delivery {

void SiteHealth::on_success() {
  if (failures_ > 0) {
    failures_ = 0;
    limit_ = std::min(limits_.at_start, limits_.at_most);
    successes_ = 0;
    return;
  }
  if (++successes_ >= limit_ && limit_ < limits_.at_most) {
    ++limit_;
    successes_ = 0;
  }
}

void SiteHealth::on_busy(std::uint32_t served) {
  limit_ = std::clamp(served, 1U, std::max(1U, limit_ - 1));
  successes_ = 0;
}

void SiteHealth::on_failure(MonoTime now, Random& random) {
  if (failures_ > 0 && now < until_) {
    return;  // attempts that were in flight when it was suspended say nothing new
  }
  Duration pause = limits_.suspend_first;
  for (std::uint32_t i = 0; i < failures_ && pause < limits_.suspend_max; ++i) {
    pause *= 2;
  }
  pause = std::min(pause, limits_.suspend_max);
  // Up to a tenth less, so that the cores' probes and those of a restarted process spread.
  const auto less =
      static_cast<Duration::rep>(static_cast<double>(pause.count()) * 0.1 * random.unit());
  ++failures_;
  until_ = now + pause - Duration(less);
}

}  // namespace postrider::delivery
