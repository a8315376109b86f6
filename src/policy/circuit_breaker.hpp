#pragma once

#include <algorithm>
#include <cstdint>

#include <postrider/base/time.hpp>

namespace postrider::policy {

// Whether somebody who has not answered for a while is asked again: after so many failures in a row
// nobody is let through until a pause is over; then one at a time is, to see whether it answers
// again. Each failure of such a probe doubles the pause.
class CircuitBreaker {
 public:
  struct Settings {
    std::uint32_t failures = 5;  // in a row
    Duration pause_min{std::chrono::seconds(10)};
    Duration pause_max{std::chrono::minutes(2)};
  };
  enum class Turn : std::uint8_t { none, opened, closed };

  explicit CircuitBreaker(Settings settings) : settings_(settings) {}

  // Whether begin() would say no.
  [[nodiscard]] bool is_closed_to(MonoTime now) const {
    return is_open_ && (is_probing_ || now < until_);
  }
  // True: ask, and tell how it ended by one of the two below.
  [[nodiscard]] bool begin(MonoTime now) {
    const bool may = !is_closed_to(now);
    is_probing_ = is_open_ && may ? true : is_probing_;
    return may;
  }
  // Whoever it was that asked: an answer is an answer.
  [[nodiscard]] Turn on_answer() {
    const bool was_open = is_open_;
    *this = CircuitBreaker(settings_);
    return was_open ? Turn::closed : Turn::none;
  }
  [[nodiscard]] Turn on_failure(MonoTime now) {
    if (is_open_ && !is_probing_) {
      return Turn::none;  // of one that had begun before
    }
    if (!is_open_ && ++failed_ < settings_.failures) {
      return Turn::none;
    }
    const bool was_open = is_open_;
    pause_ = was_open ? std::min(pause_ * 2, settings_.pause_max) : settings_.pause_min;
    until_ = now + pause_;
    is_open_ = true;
    is_probing_ = false;
    return was_open ? Turn::none : Turn::opened;
  }
  [[nodiscard]] bool is_open() const { return is_open_; }

 private:
  Settings settings_;
  std::uint32_t failed_ = 0;
  bool is_open_ = false;
  bool is_probing_ = false;
  MonoTime until_{};
  Duration pause_{};
};

}  // namespace postrider::policy
