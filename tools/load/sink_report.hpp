#pragma once

#include "sink_conversation.hpp"

#include <string>

namespace postrider::tools {

// What has come to a sink so far: a line of JSON, or tables for people.
[[nodiscard]] std::string sink_json(const SinkState& state);
[[nodiscard]] std::string sink_table(const SinkState& state);

}  // namespace postrider::tools
