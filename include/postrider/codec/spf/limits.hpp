#pragma once

#include <cstddef>

// The budgets of codec/spf: with them one check asks at most some 130 questions, whatever domains
// publish.
namespace postrider::spf {

inline constexpr unsigned max_lookup_terms = 10;       // RFC 7208 4.6.4: terms that ask DNS
inline constexpr unsigned max_void_lookups = 2;        // RFC 7208 4.6.4: more are a permerror
inline constexpr std::size_t max_mx_hosts = 10;        // RFC 7208 4.6.4: more are a permerror
inline constexpr std::size_t max_ptr_names = 10;       // RFC 7208 4.6.4: more are ignored
inline constexpr std::size_t domain_octets_max = 253;  // RFC 7208 7.3, as text
inline constexpr std::size_t label_octets_max = 63;    // RFC 1035 2.3.4
// Octets of one record that is read; TXT data can't be longer (RFC 1035 3.2.1).
inline constexpr std::size_t max_record_octets = 65'535;

}  // namespace postrider::spf
