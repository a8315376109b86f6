#pragma once

#include <algorithm>

#include <postrider/base/time.hpp>

namespace postrider::store {

// How long the disk has taken to sync of late: the longest, which fades by an eighth with each one
// that is shorter. A core may wait for a disk that is quicker than the waking of two threads, and
// for no other.
class SyncPace {
 public:
  static constexpr Duration quick = std::chrono::microseconds(500);

  void note(Duration took) { longest_ = std::max(took, longest_ - longest_ / 8); }
  [[nodiscard]] bool is_quick() const { return longest_ <= quick; }

 private:
  Duration longest_ = std::chrono::seconds(1);  // until it has shown what it can
};

}  // namespace postrider::store
