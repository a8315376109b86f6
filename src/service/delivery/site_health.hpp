#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include <postrider/base/random.hpp>
#include <postrider/base/time.hpp>

namespace postrider::delivery {

struct SiteLimits {
  std::uint32_t at_start = 5;  // connections before the site has been seen to work
  std::uint32_t at_most = 20;
  Duration suspend_first{std::chrono::seconds(30)};
  Duration suspend_max{std::chrono::minutes(10)};
};

// How many connections a site may be given now. It starts slowly, grows by one a round of
// successes, shrinks when the site says that it is busy; and a site none of whose hosts can be used
// is suspended, then probed by one connection: a dead destination costs a few connects, however
// many messages wait for it.
class SiteHealth {
 public:
  explicit SiteHealth(const SiteLimits& limits) : limits_(limits), limit_(limits.at_start) {}

  [[nodiscard]] bool is_suspended(MonoTime now) const { return failures_ > 0 && now < until_; }
  [[nodiscard]] MonoTime suspended_until() const { return until_; }
  [[nodiscard]] bool is_probing() const { return failures_ > 0; }
  // 0 while suspended; 1 while it is being probed.
  [[nodiscard]] std::uint32_t limit(MonoTime now) const {
    if (failures_ > 0) {
      return now < until_ ? 0 : 1;
    }
    return limit_;
  }

  // From now on; what it has been seen to bear is not forgotten.
  void set_limits(const SiteLimits& limits) {
    limits_ = limits;
    limit_ = std::min(limit_, limits.at_most);
  }
  void on_success();
  // It answered 421 or refused a connection while others of ours are served.
  void on_busy(std::uint32_t served);
  // No host could be used, and no connection of ours is served.
  void on_failure(MonoTime now, Random& random);
  // Somebody has reason to think that it is back: it is probed as soon as there is mail for it.
  void end_suspension(MonoTime now) { until_ = std::min(until_, now); }

 private:
  SiteLimits limits_;
  std::uint32_t limit_;
  std::uint32_t successes_ = 0;  // since limit_ last changed
  std::uint32_t failures_ = 0;   // in a row
  MonoTime until_{};
};

}  // namespace postrider::delivery
