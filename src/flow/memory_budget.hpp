#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include <postrider/base/assert.hpp>

namespace postrider::flow {

// Bytes that all of one core may hold together. Nobody waits for it: who gets none does without.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t total) : total_(total) {}
  [[nodiscard]] bool try_take(std::uint64_t bytes) {
    if (bytes > total_ - used_) {
      return false;
    }
    used_ += bytes;
    peak_ = std::max(peak_, used_);
    return true;
  }
  void give(std::uint64_t bytes) {
    check(bytes <= used_, "more memory given back than was taken");
    used_ -= bytes;
  }
  [[nodiscard]] std::uint64_t used() const { return used_; }
  [[nodiscard]] std::uint64_t free() const { return total_ - used_; }
  [[nodiscard]] std::uint64_t peak() const { return peak_; }

 private:
  std::uint64_t total_;
  std::uint64_t used_ = 0;
  std::uint64_t peak_ = 0;
};

// What one holder has of it; gives it back when it dies.
class MemoryShare {
 public:
  explicit MemoryShare(MemoryBudget& budget) : budget_(budget) {}
  MemoryShare(const MemoryShare&) = delete;
  MemoryShare& operator=(const MemoryShare&) = delete;
  ~MemoryShare() { budget_.give(bytes_); }
  // Holds `bytes` from now on; shrinking never fails.
  [[nodiscard]] bool resize(std::uint64_t bytes) {
    if (bytes > bytes_ && !budget_.try_take(bytes - bytes_)) {
      return false;
    }
    if (bytes < bytes_) {
      budget_.give(bytes_ - bytes);
    }
    bytes_ = bytes;
    return true;
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  MemoryBudget& budget_;
  std::uint64_t bytes_ = 0;
};

}  // namespace postrider::flow
