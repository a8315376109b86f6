#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::mime {

// RFC 2045 6.7 for text whose lines end in CRLF: lines of at most 76 columns. What it makes is safe
// through any gateway and in mboxes ("From " at a line's start and lone dots are encoded).
[[nodiscard]] std::string encode_quoted_printable(std::string_view text);
// Tolerant as RFC 2045 6.7 advises: malformed escapes stay as they are, blanks before CRLF go.
[[nodiscard]] std::string decode_quoted_printable(std::string_view text);
// RFC 2045 6.8: base64 in lines of 76 columns, each ended by CRLF.
[[nodiscard]] std::string encode_base64_lines(std::string_view octets);
// "7bit", "8bit", "binary", "quoted-printable", "base64", whatever the case; nullopt: another
// encoding, or octets that it does not allow.
[[nodiscard]] std::optional<std::string> decode_transfer_encoding(std::string_view encoding,
                                                                  std::string_view body);

}  // namespace postrider::mime
