#include "backup_command.hpp"

#include "answer_json.hpp"

#include <filesystem>
#include <fmt/core.h>

namespace postrider::tools {

int run_backup_command(const BackupCommand& command, ControlTransport& control,
                       const Terminal& terminal) {
  auto path = std::filesystem::absolute(command.directory).lexically_normal();
  if (path.filename().empty()) {
    path = path.parent_path();  // it was written with a slash behind it
  }
  const auto response = control.call(
      {"POST", "/v1/backup?directory=" + http::encode_percent(path.string()), {}, {}, true});
  if (const int failed = report_failure(response, terminal); failed != exit_ok) {
    return failed;
  }
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  if (parser.parse(simdjson::padded_string(response.body)).get(answer) != simdjson::SUCCESS) {
    terminal.complain("the server's answer is no JSON: are program and server of one version?");
    return exit_no;
  }
  terminal.print(command.json
                     ? response.body
                     : fmt::format("{}: {} files, {} bytes\n", path.string(),
                                   count_of(answer, "/files"), count_of(answer, "/bytes")));
  return exit_ok;
}

}  // namespace postrider::tools
