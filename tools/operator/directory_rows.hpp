#pragma once

#include "answer.hpp"
#include "control_transport.hpp"

#include <functional>
#include <simdjson.h>
#include <string>

namespace postrider::tools {

// Calls `take` with each row of all pages of a list of the control API. Out: the exit code; what is
// wrong has been said. `path` may have a query already.
[[nodiscard]] int for_each_row(const std::string& path, ControlTransport& control,
                               const Terminal& terminal,
                               const std::function<void(const simdjson::dom::element&)>& take);

// The member as a text, its items joined by spaces, or nothing.
[[nodiscard]] std::string shown(const simdjson::dom::element& row, std::string_view name);

}  // namespace postrider::tools
