#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::mime {

// The tokens of structured fields (RFC 5322 3.2 with 4.1), taken off a text from the left. Each
// take_ function takes what it names or nothing.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  [[nodiscard]] std::size_t offset() const { return at_; }
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  // NUL at the end: no token begins with it.
  [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }
  void advance() { ++at_; }
  bool take(char wanted);

  enum class Cfws { none, some, unterminated, too_deep };
  // Folding white space and comments (RFC 5322 3.2.2).
  Cfws skip_cfws();

  // Valid as the text. RFC 6532 3.2: octets above 127 belong to atoms.
  [[nodiscard]] std::optional<std::string_view> take_atom();
  // Without quotes and escapes. Strays like a bare CR or a NUL make it malformed.
  [[nodiscard]] std::optional<std::string> take_quoted_string();
  // With its brackets, blanks dropped.
  [[nodiscard]] std::optional<std::string> take_domain_literal();
  // RFC 2045 5.1.
  [[nodiscard]] std::optional<std::string_view> take_token();

 private:
  // Blanks, and CRLF before a blank or at the end.
  bool skip_blank();
  bool skip_comment(Cfws& outcome);
  std::string_view text_;
  std::size_t at_ = 0;
};

[[nodiscard]] bool is_atext(char c);
[[nodiscard]] bool is_dot_atom(std::string_view text);

}  // namespace postrider::mime
