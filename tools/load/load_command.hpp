#pragma once

#include "answer.hpp"
#include "load_settings.hpp"

namespace postrider::tools {

// Sends what the settings say, progress on `err`, the result on `out`. SIGINT ends it early. Out:
// exit_ok if every message was accepted. Throws std::runtime_error if it can't begin.
[[nodiscard]] int run_load_command(const LoadSettings& settings, const Terminal& terminal);

}  // namespace postrider::tools
