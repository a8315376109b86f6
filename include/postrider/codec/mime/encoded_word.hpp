#pragma once

#include <string>
#include <string_view>

namespace postrider::mime {

// `text` (UTF-8; what is not becomes U+FFFD) as encoded-words of RFC 2047 in UTF-8, Q or B
// whichever is shorter, each at most 75 octets, no character split, put on lines of their own by
// folding. `first_column`: how much of the first line is taken. Q uses only what is safe in a
// phrase (RFC 2047 5).
[[nodiscard]] std::string encode_words(std::string_view text, std::size_t first_column);

// A field's value (folded or not) as UTF-8: encoded-words decoded, blanks between two of them gone
// (RFC 2047 6.2), a character split over two of them joined, as some senders do it.
// Charsets: UTF-8, US-ASCII, ISO-8859-1, windows-1252; words in others, and malformed ones, stay as
// they are written. Ill-formed octets become U+FFFD.
[[nodiscard]] std::string decode_words(std::string_view value);

}  // namespace postrider::mime
