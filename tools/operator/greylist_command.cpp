#include "greylist_command.hpp"

#include "answer_json.hpp"

#include <fmt/core.h>

#include <postrider/base/json.hpp>

namespace postrider::tools {

namespace {

using simdjson::dom::element;

int list(const GreylistCommand& command, ControlTransport& control, const Terminal& terminal) {
  const auto response = control.call({"GET",
                                      fmt::format("/v1/greylist?limit={}&about={}", command.limit,
                                                  http::encode_percent(command.about)),
                                      {},
                                      {},
                                      true});
  if (const int failed = report_failure(response, terminal); failed != exit_ok) {
    return failed;
  }
  if (command.json) {
    terminal.print(response.body);
    return exit_ok;
  }
  simdjson::dom::parser parser;
  element root;
  simdjson::dom::array rows;
  if (parser.parse(response.body).get(root) != simdjson::SUCCESS ||
      root.get(rows) != simdjson::SUCCESS) {
    terminal.complain("the server's answer is no JSON: are program and server of one version?");
    return exit_no;
  }
  Table table({"KIND", "NETWORK", "DOMAIN", "RECIPIENT", "SINCE", "GOOD", "RETRIES"});
  for (const element row : rows) {
    bool has_retried = false;
    (void)row["has_retried"].get(has_retried);  // stays false if it is none
    table.add({text_of(row, "kind"), text_of(row, "network"), text_of(row, "domain"),
               text_of(row, "recipient"), text_of(row, "since"),
               std::to_string(number_of(row, "good")), has_retried ? "yes" : ""});
  }
  terminal.print(table.is_empty() ? "Nobody is known.\n" : table.text());
  return exit_ok;
}

int forget(const GreylistCommand& command, ControlTransport& control, const Terminal& terminal) {
  std::string body;
  JsonWriter(body).begin_object().member("about", command.about).end_object();
  const auto response = control.call({"POST", "/v1/greylist/forget", {}, std::move(body), true});
  if (const int failed = report_failure(response, terminal); failed != exit_ok) {
    return failed;
  }
  terminal.print(command.json ? response.body : command.about + " is forgotten\n");
  return exit_ok;
}

}  // namespace

int run_greylist_command(const GreylistCommand& command, ControlTransport& control,
                         const Terminal& terminal) {
  return command.verb == GreylistVerb::list ? list(command, control, terminal)
                                            : forget(command, control, terminal);
}

}  // namespace postrider::tools
