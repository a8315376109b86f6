#pragma once

#include "ring.hpp"

#include <postrider/engine/real.hpp>

namespace postrider::engine {

// What an errno of setting up a ring means to an operator.
[[nodiscard]] KernelFinding explain_ring_failure(int error);

}  // namespace postrider::engine
