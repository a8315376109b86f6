#pragma once

#include <cstddef>
#include <cstdint>

// What one SMTP conversation may cost. Each has its unit in its name and its source beside it;
// those an operator may want to change are defaults of ServerRules.
namespace postrider::smtp {

inline constexpr std::size_t local_part_octets_max = 64;    // RFC 5321 4.5.3.1.1
inline constexpr std::size_t domain_octets_max = 255;       // RFC 5321 4.5.3.1.2
inline constexpr std::size_t domain_label_octets_max = 63;  // RFC 1035 2.3.4
inline constexpr std::size_t path_octets_max = 256;         // RFC 5321 4.5.3.1.3, with < and >

// RFC 5321 4.5.3.1.4 says 512 with CRLF; the parameters of RFC 1870, 3461, 4954 and 6531 add to it,
// and together stay under this.
inline constexpr std::size_t command_line_octets_max = 2048;
inline constexpr std::size_t reply_line_octets_max = 512;        // RFC 5321 4.5.3.1.5, with CRLF
inline constexpr std::size_t auth_line_octets_max = 12'288;      // RFC 4954 4
inline constexpr std::size_t envid_octets_max = 100;             // RFC 3461 4.4, encoded
inline constexpr std::size_t orcpt_octets_max = 500;             // RFC 3461 4.2, encoded
inline constexpr std::size_t auth_parameter_octets_max = 500;    // RFC 4954 5, encoded
inline constexpr std::size_t size_parameter_digits_max = 20;     // RFC 1870 5
inline constexpr std::size_t parameter_keyword_octets_max = 64;  // none of ours is longer than 10

inline constexpr std::uint32_t recipients_default = 1000;  // a message; RFC 5321 4.5.3.1.8: >= 100
inline constexpr std::uint32_t errors_default = 20;        // a connection; then 421 (Postfix: 20)
inline constexpr std::uint32_t idle_commands_default = 100;  // commands without mail; then 421
inline constexpr std::uint32_t messages_default = 1000;      // a connection; then 421
inline constexpr std::uint32_t auth_failures_default = 3;    // a connection; then 421
inline constexpr std::uint64_t message_octets_default = 50ULL * 1024 * 1024;
// One pipelined group makes replies of at most this before they are sent.
inline constexpr std::size_t output_octets_max = 64 * 1024;

}  // namespace postrider::smtp
