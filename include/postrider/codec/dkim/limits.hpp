#pragma once

#include <cstddef>

// The budgets of codec/dkim.
namespace postrider::dkim {

inline constexpr std::size_t max_tags = 64;               // in one tag list; RFC 6376 defines 16
inline constexpr std::size_t max_signed_headers = 2'000;  // names in h=
// RFC 1035 3.3.14: octets of one string of a TXT record.
inline constexpr std::size_t txt_string_octets = 255;

}  // namespace postrider::dkim
