#pragma once

#include "answer.hpp"
#include "control_transport.hpp"

#include <cstdint>
#include <string>

namespace postrider::tools {

enum class QueueVerb : std::uint8_t {
  summary,
  list,
  show,
  why,
  retry,
  hold,
  release,
  bounce,
  remove,
  quarantine
};

struct QueueCommand {
  QueueVerb verb = QueueVerb::summary;
  std::string id;
  std::string where;
  std::string reason;         // hold, bounce: told to the sender or shown by `why`
  std::uint64_t limit = 100;  // list: rows; 0: all
  bool json = false;
  bool raw = false;  // show: the message itself
};

[[nodiscard]] int run_queue_command(const QueueCommand& command, ControlTransport& control,
                                    const Terminal& terminal);

}  // namespace postrider::tools
