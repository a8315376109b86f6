#pragma once

#include "command_line.hpp"

namespace postrider::app {

// Runs a command to its end. Out: the exit code. Throws std::runtime_error ("what is wrong: what to
// do") where nothing could be begun.
[[nodiscard]] int run(const Command& command);

// server.cpp and sandbox.cpp
[[nodiscard]] int run_serve(const ServeCommand& command);
[[nodiscard]] int run_sandbox(const SandboxCommand& command);

}  // namespace postrider::app
