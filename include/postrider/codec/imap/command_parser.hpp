#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/result.hpp>
#include <postrider/codec/imap/command.hpp>
#include <postrider/codec/imap/mailbox_name.hpp>

namespace postrider::imap {

class Reader;

struct ParseError {
  enum class Kind : std::uint8_t {
    syntax,           // BAD
    unknown_command,  // BAD
    bad_charset,      // NO [BADCHARSET] (RFC 9051 6.4.4)
    cannot,           // NO [CANNOT]: a name that no mailbox can have
    use_attribute,    // NO [USEATTR] (RFC 6154 3)
    bad_event,        // NO [BADEVENT ...] (RFC 5465 5)
    limit,            // NO [LIMIT]: right, and too much
  };
  Kind kind = Kind::syntax;
  std::string text;  // what is wrong, printable
};

// The beginning of a command, whatever follows.
struct CommandHead {
  std::string_view tag;   // empty: none that could be answered
  std::string_view name;  // as written; "UID FETCH" has "FETCH" and `uid`
  bool uid = false;
  std::string_view rest;  // from the blank before the arguments on
};
// Valid as the text.
[[nodiscard]] CommandHead parse_command_head(std::string_view text);

// The verb of "FETCH", whatever its case; nullopt: none of ours. `uid`: among those that stand
// after UID.
[[nodiscard]] std::optional<Verb> parse_verb(std::string_view name, bool uid);

// A whole command as CommandFramer gives it: literals in their places ("{5}" CRLF, then 5 octets).
// One grammar for RFC 9051 and RFC 3501; only mailbox names differ, by `form`. APPEND and REPLACE
// are not read here: see parse_append().
// Limits: limits.hpp. Cost: linear.
[[nodiscard]] Result<Command, ParseError> parse_command(std::string_view text, NameForm form);

// The texts of an APPEND or REPLACE around the messages' literals, which are streamed.
//
//   text 1   "A1 APPEND mailbox [flags] [date-time] {310}"     in: to the header's "}"
//   text n   " [flags] [date-time] {310}", or the end: "" (after UTF8 (...), ")")
class AppendParser {
 public:
  explicit AppendParser(NameForm form) : form_(form) {}
  enum class Outcome : std::uint8_t {
    message,  // the literal is a message: arguments().messages.back()
    name,     // the literal is the mailbox's name: keep it, come back with more of text 1
    end,      // the command is complete
  };
  // `ends`: the text ends the command, not at a literal.
  [[nodiscard]] Result<Outcome, ParseError> feed(std::string_view text, bool ends);
  [[nodiscard]] const AppendArguments& arguments() const { return arguments_; }
  // Of REPLACE, once the first message has been told of: which one it replaces.
  [[nodiscard]] std::optional<ReplaceArguments> replaced() const {
    return command_.verb == Verb::replace ? std::optional(ReplaceArguments{uid_, number_, {}})
                                          : std::nullopt;
  }
  // After `end`, once: APPEND's or REPLACE's.
  [[nodiscard]] Command take_command();

 private:
  void take_message(Reader& in);
  NameForm form_;
  Command command_;
  bool uid_ = false;
  std::uint32_t number_ = 0;
  AppendArguments arguments_;
  bool begun_ = false;
  bool inside_utf8_ = false;
};

}  // namespace postrider::imap
