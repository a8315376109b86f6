#pragma once

#include "answer.hpp"
#include "control_transport.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace postrider::tools {

enum class DirectoryVerb : std::uint8_t { add, list, set, remove };

struct AccountCommand {
  DirectoryVerb verb = DirectoryVerb::list;
  std::string name;
  bool password_stdin = false;  // add, set: the first line of standard input
  bool ask_password = false;    // set --password: prompt
  std::optional<std::string> tenant;
  std::optional<std::vector<std::string>> send_as;
  std::optional<bool> disabled;
  bool json = false;
};

struct DomainCommand {
  DirectoryVerb verb = DirectoryVerb::list;
  std::string name;
  std::string tenant;
  bool json = false;
};

[[nodiscard]] int run_account_command(const AccountCommand& command, ControlTransport& control,
                                      const Terminal& terminal);
[[nodiscard]] int run_domain_command(const DomainCommand& command, ControlTransport& control,
                                     const Terminal& terminal);

}  // namespace postrider::tools
