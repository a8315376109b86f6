#include <utility>

#include <postrider/codec/smtp/line_framer.hpp>

namespace postrider::smtp {

void LineFramer::reset() {
  carry_.clear();
  line_.clear();
  discarding_ = false;
  last_was_cr_ = false;
}

// A line without end costs what one line may cost: past the limit only its last octet counts.
void LineFramer::keep(std::string_view octets) {
  if (octets.empty()) {
    return;
  }
  last_was_cr_ = octets.back() == '\r';
  if (discarding_ || carry_.size() + octets.size() > max_octets_) {
    discarding_ = true;
    carry_.clear();
  } else {
    carry_ += octets;
  }
}

std::optional<LineFramer::Line> LineFramer::next(std::string_view& input) {
  std::size_t from = 0;
  while (true) {
    const std::size_t lf = input.find('\n', from);
    if (lf == std::string_view::npos) {
      keep(std::exchange(input, {}));
      return std::nullopt;
    }
    const bool is_crlf = lf > 0 ? input[lf - 1] == '\r' : last_was_cr_ && !is_idle();
    if (!is_crlf) {
      from = lf + 1;
      continue;
    }
    const std::string_view head = input.substr(0, lf + 1);
    input.remove_prefix(lf + 1);
    if (is_idle()) {
      const bool too_long = head.size() > max_octets_;
      return Line{too_long ? std::string_view() : head.substr(0, head.size() - 2), too_long};
    }
    keep(head);
    const bool too_long = std::exchange(discarding_, false);
    last_was_cr_ = false;
    line_.swap(carry_);
    carry_.clear();
    const std::size_t octets = too_long ? 0 : line_.size() - 2;
    return Line{std::string_view(line_).substr(0, octets), too_long};
  }
}

}  // namespace postrider::smtp
