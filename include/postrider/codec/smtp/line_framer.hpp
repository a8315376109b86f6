#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::smtp {

// Octets to lines: commands and the answers to AUTH challenges. A line ends in CRLF and nothing
// else; a bare CR or LF is an octet of its line like any other, and the session refuses the line.
// Any split of the octets gives the same lines.
// Limits: a line of more than `max_octets` with its CRLF comes out once, empty, as too_long, when
// its CRLF has come; what it held is not kept.
class LineFramer {
 public:
  explicit LineFramer(std::size_t max_octets) : max_octets_(max_octets) {}

  struct Line {
    std::string_view text;  // without CRLF; valid until the next call, or as long as the input
    bool too_long = false;
  };
  // Consumes from the front of `input`; nullopt: all of it, and the line has not ended.
  [[nodiscard]] std::optional<Line> next(std::string_view& input);
  // Nothing of a line has come yet.
  [[nodiscard]] bool is_idle() const { return carry_.empty() && !discarding_; }
  // Forgets what it holds (RFC 3207 4.2).
  void reset();

 private:
  void keep(std::string_view octets);
  std::size_t max_octets_;
  std::string carry_;  // a line that has begun, its CR too
  std::string line_;   // what the last call lent
  bool discarding_ = false;
  bool last_was_cr_ = false;  // of what was discarded
};

}  // namespace postrider::smtp
