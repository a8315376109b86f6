#pragma once

#include <string>
#include <string_view>

namespace postrider::imap {

// A text that SEARCH looks for (RFC 9051 6.4.4): anywhere, in any case, by i;unicode-casemap
// (I18NLEVEL=1, RFC 5255).
class TextNeedle {
 public:
  explicit TextNeedle(std::string_view utf8);
  // An empty needle is in everything.
  [[nodiscard]] bool is_in(std::string_view utf8) const;

 private:
  std::string folded_;
};

// The same through a text that comes in pieces, each of whole characters.
// Cost: linear; memory: a piece and the needle.
class TextSearch {
 public:
  // `needle` is its casemap().
  explicit TextSearch(std::string folded_needle);
  // True: it has been found; no more is needed.
  bool feed(std::string_view utf8);

 private:
  std::string needle_;
  std::string window_;
  bool found_;
};

// A leaf's body as UTF-8, for SEARCH BODY and TEXT: transfer encoding and charset taken off. In:
// lower-case encoding, the charset parameter. What can't be decoded is taken as it is, ill-formed
// octets as U+FFFD.
[[nodiscard]] std::string decoded_text(std::string_view encoding, std::string_view charset,
                                       std::string_view body);
// A header field's value for SEARCH: unfolded, RFC 2047 decoded.
[[nodiscard]] std::string decoded_field(std::string_view value);

}  // namespace postrider::imap
