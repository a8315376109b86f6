#pragma once

#include "answer.hpp"
#include "control_transport.hpp"

#include <string>

namespace postrider::tools {

struct BackupCommand {
  std::string directory;  // made by the server; relative to where the command was given
  bool json = false;
};

[[nodiscard]] int run_backup_command(const BackupCommand& command, ControlTransport& control,
                                     const Terminal& terminal);

}  // namespace postrider::tools
