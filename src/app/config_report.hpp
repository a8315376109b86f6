#pragma once

#include "config.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace postrider::app {

// Where a check says what it has found in a configuration.
class ConfigReport {
 public:
  ConfigReport(Config& config, std::vector<ConfigProblem>& problems)
      : config_(config), problems_(problems) {}

 protected:
  void report(std::uint32_t line, std::string problem, std::string remedy) {
    problems_.push_back({config_.file.string(), line, std::move(problem), std::move(remedy)});
  }
  void warn(std::uint32_t line, std::string problem, std::string remedy) {
    config_.warnings.push_back(
        {config_.file.string(), line, std::move(problem), std::move(remedy)});
  }

  Config& config_;

 private:
  std::vector<ConfigProblem>& problems_;
};

}  // namespace postrider::app
