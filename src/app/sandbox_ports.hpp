#pragma once

#include <cstdint>

namespace postrider::app {

inline constexpr std::uint16_t sandbox_port_count = 6;

// The first of sandbox_port_count ports of loopback that are free for TCP and UDP: `wanted`, or if
// that is 0 the first such from 20000 on. Throws std::runtime_error if there are none.
[[nodiscard]] std::uint16_t find_sandbox_ports(std::uint16_t wanted);

}  // namespace postrider::app
