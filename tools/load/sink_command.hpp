#pragma once

#include "answer.hpp"
#include "sink_settings.hpp"

namespace postrider::tools {

// Receives until SIGINT, SIGTERM or what was expected has come, and prints its counts. Says on
// which port it listens as soon as it does. Out: the exit code. Throws std::runtime_error if it
// can't begin.
[[nodiscard]] int run_sink_command(const SinkSettings& settings, const Terminal& terminal);

}  // namespace postrider::tools
