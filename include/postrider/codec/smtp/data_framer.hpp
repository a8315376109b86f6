#pragma once

#include <cstdint>
#include <string_view>

namespace postrider::smtp {

// What follows DATA: takes the dots off (RFC 5321 4.5.2) and finds the end, which is CRLF "." CRLF
// and nothing else. CR and LF that are not a pair begin no line, so that no mixture of them around
// a dot ends the message or hides the end of another (SMTP smuggling); they stay in the content,
// and who stores it decides about them. Any split of the octets gives the same content.
class DataFramer {
 public:
  struct Piece {
    enum class Kind : std::uint8_t {
      octets,  // content; valid as long as the input
      end,     // the message is over; the rest of the input is commands again, or the next message
      more,    // all input is consumed
    };
    Kind kind = Kind::more;
    std::string_view octets;
  };
  // Consumes from the front of `input`. No copy: a piece is cut where a dot is left out.
  [[nodiscard]] Piece next(std::string_view& input);
  // Forgets a message that did not end.
  void reset() { state_ = State::line_begin; }

 private:
  enum class State : std::uint8_t {
    line_begin,  // after CRLF, or at the very beginning
    inside,      // of a line
    cr,          // of a line, and its last octet is CR
    dot,         // the line began with a dot, which was left out
    dot_cr,      // dot, then CR, which is held back
  };
  void scan_lines(std::string_view& input);
  State state_ = State::line_begin;
};

// What follows BDAT: so many octets, as they are (RFC 3030 2).
class ChunkFramer {
 public:
  void begin(std::uint64_t octets) { left_ = octets; }
  [[nodiscard]] std::uint64_t left() const { return left_; }
  // Consumes from the front of `input`; empty when the input or the chunk is. Valid as long as the
  // input.
  [[nodiscard]] std::string_view next(std::string_view& input);

 private:
  std::uint64_t left_ = 0;
};

}  // namespace postrider::smtp
