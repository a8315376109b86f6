#pragma once

#include <string_view>

namespace postrider::app {

// Tells systemd (sd_notify(3)) over $NOTIFY_SOCKET: "READY=1", "RELOADING=1", "STOPPING=1".
// Nothing happens where there is none.
void notify_supervisor(std::string_view state);

}  // namespace postrider::app
