#pragma once

#include "answer.hpp"
#include "control_transport.hpp"

#include <cstdint>
#include <string>

namespace postrider::tools {

enum class ReportKind : std::uint8_t { tls, dmarc };

struct ReportCommand {
  ReportKind kind = ReportKind::tls;
  std::string day;  // "2026-11-22", UTC; empty: today
  bool send = false;
  bool json = false;
};

struct ReceivedCommand {
  ReportKind kind = ReportKind::dmarc;
  std::string domain;  // empty: all
  std::string since;   // "2026-11-22"; empty: all that are kept
  bool json = false;
};
// What others report of mail in the name of our domains (RFC 9990), or of TLS with them (RFC 8460).
[[nodiscard]] int run_received_command(const ReceivedCommand& command, ControlTransport& control,
                                       const Terminal& terminal);

// The reports to other domains on one day (RFC 8460, RFC 9990), as they will be sent; or sends them
// now.
[[nodiscard]] int run_report_command(const ReportCommand& command, ControlTransport& control,
                                     const Terminal& terminal);

}  // namespace postrider::tools
