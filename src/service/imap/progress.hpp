#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/time.hpp>

namespace postrider::imap {

// How far the command is that a client waits for (RFC 9585), and when that is to be said.
class Progress {
 public:
  // A command begins. `interval`: between two words about it.
  void begin(MonoTime now, Duration interval) {
    interval_ = interval;
    next_ = now + interval;
    done_ = 0;
    goal_.reset();
  }
  // There is so much to do; what comes after set_goal() counts towards it. Without one it is not
  // known.
  void set_goal(std::uint64_t goal) { goal_ = goal; }
  // So much more is done. True: it is time to say so.
  [[nodiscard]] bool advance(std::uint64_t count, MonoTime now) {
    done_ += count;
    if (now < next_ || (goal_ && done_ >= *goal_)) {
      return false;
    }
    next_ = now + interval_;
    return true;
  }
  // "* OK [INPROGRESS ("A1" 454 1000)] ...".
  void encode(std::string_view tag, std::string& out) const;

 private:
  Duration interval_{};
  MonoTime next_{};
  std::uint64_t done_ = 0;
  std::optional<std::uint64_t> goal_;
};

}  // namespace postrider::imap
