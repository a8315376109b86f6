#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/result.hpp>
#include <postrider/codec/smtp/reply.hpp>

namespace postrider::smtp {

struct ReplyLimits {
  // RFC 5321 4.5.3.1.5 asks servers for 512; some write whole paragraphs.
  std::size_t line_octets = 4096;
  std::size_t lines = 200;
  std::size_t text_octets = 16'384;  // kept of all lines together, the rest is dropped
};

// What the caller does is the same for all: the conversation can't be followed any further, close
// it.
enum class ReplyError : std::uint8_t {
  malformed,     // not three digits from 200 to 599 and then a blank, '-' or the end
  code_changed,  // a continuation line has another code (RFC 5321 4.2.1)
  too_long,      // a line or the number of lines past the limits
};
[[nodiscard]] std::string_view describe(ReplyError error);

// Framer and parser of replies as a client reads them (RFC 5321 4.2), one at a time, wherever the
// chunks are cut. A line may end in a bare LF: nothing that a server says can end or split a
// message of ours, and some servers do it. Control characters in the text become blanks, since it
// is going to logs and reports. RFC 2034 4: an enhanced code is the first token of a line; it
// counts where its class is that of the reply and, for positive replies, the peer has offered
// ENHANCEDSTATUSCODES.
// Errors: final, until reset().
class ReplyParser {
 public:
  explicit ReplyParser(const ReplyLimits& limits = {}) : limits_(limits) {}

  // Consumes from the front of `octets` up to the end of one reply. nullopt: all was consumed and
  // the reply is not complete.
  [[nodiscard]] Result<std::optional<Reply>, ReplyError> feed(std::string_view& octets);

  void set_enhanced_codes(bool offered) { enhanced_offered_ = offered; }
  // Nothing of a reply has been seen: what a conversation that ends here was doing.
  [[nodiscard]] bool is_idle() const { return line_.empty() && lines_ == 0; }
  // Forgets what it holds (RFC 3207 4.2).
  void reset();

 private:
  [[nodiscard]] Result<bool, ReplyError> take_line(std::string_view line);
  void append_text(std::string_view text);

  ReplyLimits limits_;
  bool enhanced_offered_ = false;
  std::string line_;  // an incomplete line
  std::size_t lines_ = 0;
  Reply reply_;
};

}  // namespace postrider::smtp
