#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <unordered_map>
#include <utility>

#include <postrider/base/ids.hpp>

namespace postrider::delivery {

// Which deliveries have left the window while somebody was reading the store: what the reader found
// of them may be older than what has been settled since. Remembers nothing while nobody reads.
class Departures {
 public:
  // A read, from before it begins until its result has been judged. The Departures outlive it.
  class Reading {
   public:
    explicit Reading(Departures& departures)
        : departures_(&departures), began_(departures.begin()) {}
    Reading(Reading&& other) noexcept
        : departures_(std::exchange(other.departures_, nullptr)), began_(other.began_) {}
    Reading& operator=(Reading&& other) noexcept {
      std::swap(departures_, other.departures_);
      std::swap(began_, other.began_);
      return *this;
    }
    ~Reading() {
      if (departures_ != nullptr) {
        departures_->end(began_);
      }
    }
    [[nodiscard]] bool has_missed(DeliveryId delivery) const {
      const auto found = departures_->latest_.find(delivery);
      return found != departures_->latest_.end() && found->second >= began_;
    }

   private:
    Departures* departures_;
    std::uint64_t began_;
  };

  void note(DeliveryId delivery) {
    if (readers_.empty()) {
      return;
    }
    latest_[delivery] = ++last_;
    order_.emplace_back(last_, delivery);
  }
  [[nodiscard]] std::size_t size() const { return order_.size(); }

 private:
  std::uint64_t begin() {
    readers_.insert(last_ + 1);
    return last_ + 1;
  }
  void end(std::uint64_t began) {
    readers_.erase(readers_.find(began));
    while (!order_.empty() && (readers_.empty() || order_.front().first < *readers_.begin())) {
      const auto& [number, delivery] = order_.front();
      if (const auto found = latest_.find(delivery); found->second == number) {
        latest_.erase(found);
      }
      order_.pop_front();
    }
  }

  std::uint64_t last_ = 0;                // number of the last departure
  std::multiset<std::uint64_t> readers_;  // of each, the first departure after it began
  std::unordered_map<DeliveryId, std::uint64_t> latest_;
  std::deque<std::pair<std::uint64_t, DeliveryId>> order_;
};

}  // namespace postrider::delivery
