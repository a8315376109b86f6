#include "allocator.hpp"
#include "commands.hpp"
#include "config.hpp"
#include "server.hpp"
#include "version.hpp"

#include <fmt/core.h>

namespace postrider::app {

int run_serve(const ServeCommand& command) {
  auto config = load_config(command.config);
  if (!config) {
    for (const auto& problem : config.error()) {
      fmt::print(stderr, "postrider: {}\n", problem.text());
    }
    return tools::exit_no;
  }
  for (const auto& warning : config->warnings) {
    fmt::print(stderr, "postrider: warning: {}\n", warning.text());
  }
  for (const auto& finding : engine::probe_kernel()) {
    fmt::print(stderr, "postrider: {}: {}\n", finding.problem, finding.remedy);
    if (finding.fatal) {
      return tools::exit_no;
    }
  }
  if (config->log.level <= LogLevel::info) {
    fmt::print(stderr, "postrider: {} with {}, data in {}\n", version, allocator_name(),
               config->data_dir.string());
  }
  return Server(std::move(*config), {}).run();
}

}  // namespace postrider::app
