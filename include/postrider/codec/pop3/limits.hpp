#pragma once

#include <cstddef>
#include <cstdint>

namespace postrider::pop3 {

// With CRLF (RFC 2449 4); that of a response to AUTH (RFC 5034 4 leaves it to the mechanism).
inline constexpr std::size_t command_line_octets_max = 255;
inline constexpr std::size_t auth_line_octets_max = 12'288;
// Replies that wait for a client who does not read them, before no more commands are taken.
inline constexpr std::size_t output_octets_max = 64UL * 1024;

inline constexpr std::uint32_t errors_default = 20;        // commands that were no good
inline constexpr std::uint32_t auth_failures_default = 3;  // in one connection

}  // namespace postrider::pop3
