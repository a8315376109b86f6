#include "allocator.hpp"
#include "commands.hpp"

#include <csignal>
#include <exception>
#include <fmt/core.h>

#include <postrider/base/kill_point.hpp>

int main(int argc, char** argv) {
  // A peer that hangs up is an error of that write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  postrider::keep_freed_memory();
  postrider::arm_kill_points_from_environment();
  try {
    return postrider::app::run(postrider::app::parse_command_line(argc, argv));
  } catch (const std::exception& error) {
    fmt::print(stderr, "postrider: {}\n", error.what());
    return postrider::tools::exit_no;
  }
}
