#pragma once

#include <cstddef>

// The budgets of codec/dkim.
namespace postrider::dkim {

inline constexpr std::size_t max_tags = 64;               // in one tag list; RFC 6376 defines 16
inline constexpr std::size_t max_signed_headers = 2'000;  // names in h=
// Octets of b=: RSA of 8192 bits, twice what keys may have.
inline constexpr std::size_t max_signature_octets = 1024;
// Signatures of one message that are checked, from the top; each costs a lookup, a pass over the
// header and a public-key operation.
inline constexpr std::size_t max_checked_signatures = 10;
// RFC 1035 3.3.14: octets of one string of a TXT record.
inline constexpr std::size_t txt_string_octets = 255;

}  // namespace postrider::dkim
