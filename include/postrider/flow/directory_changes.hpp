#pragma once

#include <atomic>
#include <cstdint>

namespace postrider::flow {

// How the directories of all cores hear that an entry was written: AccountDesk says it, each
// Directory compares versions when it is asked. What was written before changed() is seen by every
// question that begins after it.
// Shard: any core.
class DirectoryChanges {
 public:
  [[nodiscard]] std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  void changed() { version_.fetch_add(1, std::memory_order_acq_rel); }

  // True until somebody knows better.
  [[nodiscard]] bool hosts_any() const { return hosts_any_.load(std::memory_order_acquire); }
  void set_hosts_any(bool any) { hosts_any_.store(any, std::memory_order_release); }

 private:
  std::atomic<std::uint64_t> version_ = 1;
  std::atomic<bool> hosts_any_ = true;
};

}  // namespace postrider::flow
