#pragma once

#include "answer.hpp"
#include "control_transport.hpp"

namespace postrider::tools {

struct TopCommand {
  bool once = false;
  bool json = false;  // one status object a second, a line each
};

// Redraws once a second until it is interrupted: rates, queue, sites with what holds them up.
[[nodiscard]] int run_top_command(const TopCommand& command, ControlTransport& control,
                                  const Terminal& terminal);

}  // namespace postrider::tools
