#pragma once

#include <cstddef>

// The budgets of codec/mime: what a hostile message may cost. Each can be set lower or higher where
// the function that obeys it takes a limits struct; these are its defaults.
namespace postrider::mime {

// Octets of a header section. RFC 5322 sets none; peers stop between 100 KiB and 1 MiB.
inline constexpr std::size_t default_max_header_octets = 512 * 1024;
// Fields in a header section.
inline constexpr std::size_t default_max_header_fields = 2'000;
// Octets of one line of a header section, without its CRLF. RFC 5322 2.1.1 says 998; many programs
// send longer ones, so the scanner reports lines past 998 and refuses only far longer ones.
inline constexpr std::size_t default_max_header_line_octets = 32 * 1024;
inline constexpr std::size_t standard_line_octets = 998;  // RFC 5322 2.1.1
inline constexpr std::size_t fold_column = 78;            // RFC 5322 2.1.1

inline constexpr std::size_t max_comment_depth = 32;         // nested parentheses
inline constexpr std::size_t max_addresses = 10'000;         // mailboxes in one address list
inline constexpr std::size_t max_message_ids = 1'000;        // in one References field
inline constexpr std::size_t max_parameters = 100;           // of one Content-Type
inline constexpr std::size_t max_parts = 1'000;              // of one multipart body
inline constexpr std::size_t encoded_word_octets = 75;       // RFC 2047 2
inline constexpr std::size_t quoted_printable_columns = 76;  // RFC 2045 6.7

}  // namespace postrider::mime
