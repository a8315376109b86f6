#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace postrider::imap {

// "{310}" at a line's end (RFC 9051 4.3, RFC 7888, RFC 3516 6).
struct LiteralHeader {
  std::uint64_t octets = 0;
  bool waits = true;       // synchronizing: nothing comes before we have said "+"
  bool is_binary = false;  // "~{310}": may hold NUL
  friend bool operator==(const LiteralHeader&, const LiteralHeader&) = default;
};

// Octets to commands: lines and the literals between them, before any grammar. A line ends in CRLF
// and nothing else. What is in a literal is never read as a command, nor is the rest of a command
// that is refused. Any split of the octets gives the same events.
//
// Where a line ends in a literal's header the caller decides, before it calls next() again, by one
// of keep_literal(), stream_literal() and drop_command().
// Limits: Limits, before a literal's octets come; of a refused command only its beginning is kept.
class CommandFramer {
 public:
  struct Limits {
    std::size_t line_octets = 0;       // with its CRLF
    std::size_t command_octets = 0;    // lines and the literals that are kept
    std::uint64_t discard_octets = 0;  // of a refused command, read to its end
  };
  explicit CommandFramer(Limits limits) : limits_(limits) {}
  void set_limits(Limits limits) { limits_ = limits; }

  enum class Flaw : std::uint8_t {
    none,
    too_long,        // a line or the command
    stray_octet,     // NUL, CR or LF inside a line
    literal_number,  // a literal's size is no number64 (RFC 9051 9)
    dropped,         // by drop_command()
  };
  struct Event {
    enum class Kind : std::uint8_t {
      more,         // all input is consumed
      command,      // `octets`: the whole of it, literals in their places, without the last CRLF
      literal,      // `octets`: all so far, to the header's "}"; decide
      piece,        // `octets`: of a literal that is streamed
      literal_end,  // it is complete; what comes next is a text of its own
      refused,      // a command with a flaw is over; `octets`: its beginning
      hopeless,     // its end is out of reach: close the connection
    };
    Kind kind = Kind::more;
    std::string_view octets;  // valid until the next call, or as long as the input
    LiteralHeader literal{};
    Flaw flaw = Flaw::none;
  };
  // A plain line is no command: an answer to a challenge, IDLE's DONE. It holds no literal.
  enum class Syntax : std::uint8_t { command, plain_line };
  // Consumes from the front of `input`.
  [[nodiscard]] Event next(std::string_view& input, Syntax syntax = Syntax::command);

  // Becomes part of the command. False: it does not fit (then drop the command).
  [[nodiscard]] bool keep_literal();
  // Comes as pieces; what stands before it is not kept.
  void stream_literal();
  // Nothing more of the command that has begun counts. If the client waits for our word about a
  // literal, it is over at once (false, and no event comes); else `refused` comes after its last
  // octet.
  bool drop_command();

  // Nothing of a command has come yet.
  [[nodiscard]] bool is_idle() const;
  // Forgets what it holds (RFC 9051 6.2.1).
  void reset();

 private:
  enum class State : std::uint8_t { line, decide, keep, stream, skip, hopeless };
  void begin_command();
  void begin_line();
  void take_octets(std::string_view octets);
  void spoil(Flaw flaw);
  [[nodiscard]] Event end_of_line(std::string_view line, Syntax syntax);
  [[nodiscard]] Event refuse();
  [[nodiscard]] Event skip_literal(std::uint64_t octets);
  [[nodiscard]] bool discard(std::uint64_t octets);

  Limits limits_;
  State state_ = State::line;
  Flaw flaw_ = Flaw::none;
  bool lent_ = false;              // text_ was given out: the next call begins a command
  bool began_ = false;             // an octet of the command has come
  std::string text_;               // the command so far; its beginning only once it has a flaw
  std::size_t line_at_ = 0;        // where the line begins in text_
  std::string tail_;               // the last octets of a line that is not kept
  std::uint64_t line_octets_ = 0;  // of the line, kept or not
  std::uint64_t discarded_ = 0;    // of a command with a flaw, without the line's
  std::uint64_t left_ = 0;         // of the literal
  LiteralHeader literal_;
};

}  // namespace postrider::imap
