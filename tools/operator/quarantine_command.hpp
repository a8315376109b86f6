#pragma once

#include "answer.hpp"
#include "control_transport.hpp"

#include <cstdint>
#include <string>

namespace postrider::tools {

enum class QuarantineVerb : std::uint8_t { list, show, release, remove };

struct QuarantineCommand {
  QuarantineVerb verb = QuarantineVerb::list;
  std::string id;
  std::string to;  // of release and remove: for that recipient alone; empty: for all
  std::string reason;
  std::uint64_t limit = 100;  // of list; 0: all
  bool raw = false;           // of show: the message itself
  bool json = false;
};

// Mail that filters have held back.
[[nodiscard]] int run_quarantine_command(const QuarantineCommand& command,
                                         ControlTransport& control, const Terminal& terminal);

}  // namespace postrider::tools
