#pragma once

#include "answer.hpp"
#include "control_transport.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace postrider::tools {

enum class DirectoryVerb : std::uint8_t { add, list, set, remove, show };
enum class DirectoryKind : std::uint8_t {
  account,
  app_password,  // `name`: the account's; members name the password
  domain,
  alias,  // groups too
  list,   // of people
};

// `postrider account|domain|alias|list add|list|set|remove`, and `list show`. What is given goes to
// the control API as members of the entry, by their names there.
struct DirectoryCommand {
  DirectoryKind kind = DirectoryKind::account;
  DirectoryVerb verb = DirectoryVerb::list;
  std::string name;
  std::map<std::string, std::string> texts;
  std::map<std::string, std::vector<std::string>> lists;
  bool password_stdin = false;  // account add, set: the first line of standard input
  bool ask_password = false;    // account set --password: prompt
  bool json = false;
};

[[nodiscard]] int run_directory_command(const DirectoryCommand& command, ControlTransport& control,
                                        const Terminal& terminal);

}  // namespace postrider::tools
