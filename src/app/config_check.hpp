#pragma once

#include "config.hpp"

#include <vector>

namespace postrider::app {

// What the values mean together, and whether the files they name are there. Adds to `problems` and
// to config.warnings.
void check_config(Config& config, std::vector<ConfigProblem>& problems);
// The part of it that is about [[listener]].
void check_listeners(Config& config, std::vector<ConfigProblem>& problems);

}  // namespace postrider::app
