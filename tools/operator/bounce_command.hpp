#pragma once

#include "answer.hpp"

#include <filesystem>

namespace postrider::tools {

struct BounceCommand {
  std::filesystem::path file;   // "-": standard input
  std::filesystem::path rules;  // empty: the built-in ones
  bool print_rules = false;     // the built-in ones, and nothing else
  bool json = false;
};

// What came back says: for whom, of which class, about which message. Out: exit_ok if it is a
// report, a bounce or an automatic answer; exit_no if it is a message like others.
[[nodiscard]] int run_bounce_command(const BounceCommand& command, const Terminal& terminal);

}  // namespace postrider::tools
