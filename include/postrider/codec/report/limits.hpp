#pragma once

#include <cstddef>

// The budgets of codec/report.
namespace postrider::report {

// Of an original that is returned whole; a larger one comes back as its header only, which RFC 3461
// 4.3 leaves to the MTA. Octets.
inline constexpr std::size_t default_max_returned_octets = 256 * 1024;
// Recipients that are told in words, one paragraph each; the machine-readable part holds all.
inline constexpr std::size_t max_recipients_in_words = 50;
// Octets of a peer's reply that are quoted.
inline constexpr std::size_t max_quoted_reply_octets = 2'000;
// Recipient blocks that the parser reads.
inline constexpr std::size_t max_parsed_recipients = 10'000;

}  // namespace postrider::report
