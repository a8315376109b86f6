#pragma once

#include "answer.hpp"
#include "control_transport.hpp"

#include <string>

namespace postrider::tools {

struct TlsrptCommand {
  std::string day;  // "2026-11-22", UTC; empty: today
  bool send = false;
  bool json = false;
};

// The TLS reports (RFC 8460) on one day, as they will be sent; or sends them now.
[[nodiscard]] int run_tlsrpt_command(const TlsrptCommand& command, ControlTransport& control,
                                     const Terminal& terminal);

}  // namespace postrider::tools
