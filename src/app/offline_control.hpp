#pragma once

#include "config.hpp"
#include "control_transport.hpp"

#include <memory>

namespace postrider::app {

// The control API on a store that no server has open: `account add` before the first start, looking
// at the queue of a stopped server. Takes the store's lock for as long as it lives. Throws
// std::runtime_error if the store can't be opened.
[[nodiscard]] std::unique_ptr<tools::ControlTransport> open_offline_control(const Config& config);

}  // namespace postrider::app
