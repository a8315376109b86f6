#pragma once

#include "answer.hpp"
#include "control_transport.hpp"

#include <filesystem>
#include <string>

namespace postrider::tools {

// `postrider account export`: domains, accounts with the hashes of their passwords, aliases and
// lists, in an order in which they can be imported.
struct ExportCommand {
  bool csv = false;
  bool json = false;  // a JSON object a line: also if neither is said
};

// `postrider account import`: what an export wrote, or a CSV file whose first line names members of
// the control API. Each line is taken as a whole or not at all.
struct ImportCommand {
  std::filesystem::path file;  // "-": standard input
  bool update = false;         // entries that exist are changed; else they are errors
  bool json = false;
};

[[nodiscard]] int run_export_command(const ExportCommand& command, ControlTransport& control,
                                     const Terminal& terminal);
[[nodiscard]] int run_import_command(const ImportCommand& command, ControlTransport& control,
                                     const Terminal& terminal);

}  // namespace postrider::tools
