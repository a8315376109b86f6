#include "tlsrpt_command.hpp"

#include <fmt/core.h>
#include <simdjson.h>

namespace postrider::tools {

namespace {

using simdjson::dom::array;
using simdjson::dom::element;

std::string text_of(const element& object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::string count_of(const element& object, std::string_view pointer) {
  std::int64_t number = 0;
  return object.at_pointer(pointer).get(number) == simdjson::SUCCESS ? std::to_string(number) : "?";
}

void add_policies(Table& table, const element& entry) {
  array policies;
  if (entry.at_pointer("/report/policies").get(policies) != simdjson::SUCCESS) {
    return;
  }
  for (const element policy : policies) {
    std::string failures;
    array details;
    if (policy["failure-details"].get(details) == simdjson::SUCCESS) {
      for (const element detail : details) {
        failures += fmt::format(
            "{}{} x{} at {}", failures.empty() ? "" : "; ", text_of(detail, "result-type"),
            count_of(detail, "/failed-session-count"), text_of(detail, "receiving-mx-hostname"));
      }
    }
    std::string_view type;
    const bool known = policy.at_pointer("/policy/policy-type").get(type) == simdjson::SUCCESS;
    table.add({text_of(entry, "domain"), known ? std::string(type) : "?",
               count_of(policy, "/summary/total-successful-session-count"),
               count_of(policy, "/summary/total-failure-session-count"), failures});
  }
}

std::string shown(const element& answer) {
  Table table({"DOMAIN", "POLICY", "GOOD", "FAILED", "FAILURES"});
  array reports;
  if (answer["reports"].get(reports) == simdjson::SUCCESS) {
    for (const element entry : reports) {
      add_policies(table, entry);
    }
  }
  const std::string day = text_of(answer, "day");
  return table.is_empty() ? fmt::format("{}: nothing was counted for anybody\n", day)
                          : fmt::format("{} (UTC)\n{}", day, table.text());
}

std::string sent(const element& answer) {
  Table table({"DOMAIN", "TO", "SENT", "PROBLEM"});
  array list;
  if (answer["sent"].get(list) == simdjson::SUCCESS) {
    for (const element one : list) {
      bool is_sent = false;
      (void)one["sent"].get(is_sent);  // stays false if it is not there
      table.add({text_of(one, "domain"), text_of(one, "to"), is_sent ? "yes" : "no",
                 text_of(one, "problem")});
    }
  }
  return table.is_empty() ? text_of(answer, "day") + ": there is nothing to send\n" : table.text();
}

}  // namespace

int run_tlsrpt_command(const TlsrptCommand& command, ControlTransport& control,
                       const Terminal& terminal) {
  std::string target = command.send ? "/v1/tls-reports/send" : "/v1/tls-reports";
  if (!command.day.empty()) {
    target += "?day=" + http::encode_percent(command.day);
  }
  const auto response =
      control.call({command.send ? "POST" : "GET", std::move(target), {}, {}, true});
  if (const int failed = report_failure(response, terminal); failed != exit_ok) {
    return failed;
  }
  if (command.json) {
    terminal.print(response.body);
    return exit_ok;
  }
  simdjson::dom::parser parser;
  element answer;
  if (parser.parse(simdjson::padded_string(response.body)).get(answer) != simdjson::SUCCESS) {
    terminal.complain("the server's answer is no JSON: are program and server of one version?");
    return exit_no;
  }
  terminal.print(command.send ? sent(answer) : shown(answer));
  return exit_ok;
}

}  // namespace postrider::tools
