#pragma once

#include <atomic>
#include <cstdint>

#include <postrider/store/queue_store.hpp>

namespace postrider::store {

// What every core may read of the store's condition. Written by the committer, and by the count of
// what was there at the start.
struct Status {
  std::atomic<bool> closed = false;
  std::atomic<bool> failed = false;
  std::atomic<std::uint64_t> committed = 0;
  std::atomic<std::uint64_t> groups = 0;
  std::atomic<std::uint64_t> settled = 0;
  std::atomic<std::uint64_t> bytes_accepted = 0;
  std::atomic<std::int64_t> open_change = 0;  // messages committed less messages ended since start
  std::atomic<std::uint64_t> open_at_start = 0;  // as far as counted

  [[nodiscard]] QueueStore::Counters counters() const {
    const std::int64_t open =
        static_cast<std::int64_t>(open_at_start.load(std::memory_order_relaxed)) +
        open_change.load(std::memory_order_relaxed);
    return {
        .committed = committed.load(std::memory_order_relaxed),
        .groups = groups.load(std::memory_order_relaxed),
        .settled = settled.load(std::memory_order_relaxed),
        .bytes_accepted = bytes_accepted.load(std::memory_order_relaxed),
        .messages_open = open > 0 ? static_cast<std::uint64_t>(open) : 0,
        .failed = failed.load(std::memory_order_relaxed),
    };
  }
};

}  // namespace postrider::store
