#pragma once

#include "command_line.hpp"

#include <functional>

namespace CLI {
class App;
}

namespace postrider::app {

// `load` and `sink`: mail servers are measured with them, and no server of ours is asked.
// `on_named` is called with the command when one of them was named.
void add_load_commands(CLI::App& app, std::function<void(Command)> on_named);

}  // namespace postrider::app
