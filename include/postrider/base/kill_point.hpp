#pragma once

#include <string_view>

namespace postrider {

// A named instant at which the kill test may end the process (SIGKILL, no clean-up). The build
// lists all names from the sources (tools/list_kill_points) and the test asserts that each was
// reached. Costs one predictable branch when not armed.
namespace kill_point_detail {
extern bool armed;
void reached(std::string_view name);
}  // namespace kill_point_detail

inline void kill_point(std::string_view name) {
  if (kill_point_detail::armed) [[unlikely]] {
    kill_point_detail::reached(name);
  }
}

// Reads POSTRIDER_KILL_POINT="name[:count]" (die when `name` is reached for the count-th time) and
// POSTRIDER_KILL_TRACE=FILE (append each name when first reached). For tests; called once at start.
void arm_kill_points_from_environment();

}  // namespace postrider
