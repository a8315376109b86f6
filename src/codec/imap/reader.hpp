#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/codec/imap/command_parser.hpp>
#include <postrider/codec/imap/flags.hpp>
#include <postrider/codec/imap/sequence_set.hpp>

namespace postrider::imap {

// The tokens of RFC 9051 9, taken off a command from the left. What fails leaves the reader at the
// end, with the first error; all later calls give empty values, so that a parser looks once, at its
// end, and in loops.
class Reader {
 public:
  Reader(std::string_view text, std::size_t at, NameForm form)
      : text_(text), at_(at), form_(form) {}

  [[nodiscard]] bool ok() const { return !error_; }
  [[nodiscard]] ParseError take_error() { return std::move(*error_); }
  void fail(std::string what, ParseError::Kind kind = ParseError::Kind::syntax);
  // The text ends in a literal's header, where a string was expected.
  [[nodiscard]] bool wants_literal() const { return wants_literal_; }

  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] bool sees(char c) const { return !at_end() && text_[at_] == c; }
  // Both in any case, and not in the middle of a word.
  [[nodiscard]] bool sees_word(std::string_view word) const;
  bool take_word(std::string_view word);
  // " (": the beginning of something optional.
  [[nodiscard]] bool sees_prefix(std::string_view prefix) const;
  bool take_prefix(std::string_view prefix);
  bool take(char c);
  void expect(char c);
  void space() { expect(' '); }
  // Nothing but blanks may be left.
  void end();

  // Each says `what` was expected where it finds nothing.
  [[nodiscard]] std::string_view atom(std::string_view what);
  // Letters, digits, "." and "-": the name of an item, before what may follow it.
  [[nodiscard]] std::string_view word(std::string_view what);
  [[nodiscard]] std::string astring(std::string_view what);
  [[nodiscard]] std::string string(std::string_view what);
  // NIL: nullopt. A literal8 too, if allowed.
  [[nodiscard]] std::optional<std::string> nstring(std::string_view what, bool literal8 = false);
  // A pattern of LIST, decoded, not canonical.
  [[nodiscard]] std::string list_mailbox();
  [[nodiscard]] std::string mailbox();
  [[nodiscard]] std::uint32_t number(std::string_view what);
  [[nodiscard]] std::uint32_t nz_number(std::string_view what);
  [[nodiscard]] std::uint64_t number64(std::string_view what);
  [[nodiscard]] SequenceSet sequence_set();
  // Without "*" and "$".
  [[nodiscard]] SequenceSet plain_set(std::string_view what);
  [[nodiscard]] bool sees_sequence_set() const;
  // "(" flags ")"; or without parentheses where STORE allows it.
  [[nodiscard]] Flags flag_list(bool bare_allowed);
  // What stands from here to the end of the text (AUTHENTICATE's initial response).
  [[nodiscard]] std::string_view rest();

  struct MessageHeader {
    std::uint64_t octets = 0;
    bool is_binary = false;
  };
  // A literal's header that ends the text.
  [[nodiscard]] MessageHeader message_header();

 private:
  [[nodiscard]] std::string_view take_while(bool (*wanted)(char));
  [[nodiscard]] std::string quoted();
  [[nodiscard]] std::string literal(bool literal8);
  [[nodiscard]] std::string decoded_name(std::string wire);
  void take_flag(Flags& flags);

  std::string_view text_;
  std::size_t at_;
  NameForm form_;
  std::optional<ParseError> error_;
  bool wants_literal_ = false;
};

}  // namespace postrider::imap
