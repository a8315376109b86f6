#include "report_command.hpp"

#include "answer_json.hpp"

#include <fmt/core.h>

#include <postrider/codec/report/dmarc_report.hpp>

namespace postrider::tools {

namespace {

using simdjson::dom::array;
using simdjson::dom::element;

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

std::string word(bool passed) {
  return passed ? "pass" : "fail";
}

void add_rows(Table& table, const element& entry) {
  std::string_view xml;
  if (entry["report"].get(xml) != simdjson::SUCCESS) {
    return;
  }
  const auto report = report::parse_dmarc_report(xml);
  if (!report) {
    table.add({text_of(entry, "domain"), "?", "", "", "", "", report.error()});
    return;
  }
  for (const report::DmarcRow& row : report->rows) {
    table.add({report->published.domain, std::to_string(row.count), row.source_ip, row.header_from,
               word(row.dkim_aligned), word(row.spf_aligned),
               std::string(report::describe(row.disposition))});
  }
}

std::string shown(const element& answer, ReportKind kind) {
  const bool is_tls = kind == ReportKind::tls;
  Table table(is_tls ? std::vector<std::string>{"DOMAIN", "POLICY", "GOOD", "FAILED", "FAILURES"}
                     : std::vector<std::string>{"DOMAIN", "MESSAGES", "FROM HOST", "FROM", "DKIM",
                                                "SPF", "DONE"});
  array reports;
  if (answer["reports"].get(reports) == simdjson::SUCCESS) {
    for (const element entry : reports) {
      is_tls ? add_policies(table, entry) : add_rows(table, entry);
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

std::string received(const element& answer) {
  std::string out;
  Table reports({"DOMAIN", "DAY", "REPORTER", "POLICY", "MESSAGES", "ID"});
  array list;
  if (answer["reports"].get(list) == simdjson::SUCCESS) {
    for (const element one : list) {
      reports.add({text_of(one, "domain"), text_of(one, "day"), text_of(one, "reporter"),
                   text_of(one, "policy"), count_of(one, "/messages"), text_of(one, "id")});
    }
  }
  if (reports.is_empty()) {
    return "no reports have come\n";
  }
  Table sources(
      {"DOMAIN", "FROM HOST", "MESSAGES", "PASSED", "DKIM", "SPF", "QUARANTINED", "REJECTED"});
  if (answer["sources"].get(list) == simdjson::SUCCESS) {
    for (const element one : list) {
      sources.add({text_of(one, "domain"), text_of(one, "address"), count_of(one, "/messages"),
                   count_of(one, "/passed"), count_of(one, "/dkim"), count_of(one, "/spf"),
                   count_of(one, "/quarantined"), count_of(one, "/rejected")});
    }
  }
  bool is_cut = false;
  (void)answer["cut"].get(is_cut);  // stays false if it is not there
  out = reports.text() + "\n" + sources.text();
  return is_cut ? out + "there are more: ask for one --domain, or --since a day\n" : out;
}

std::string received_tls(const element& answer) {
  Table reports({"DOMAIN", "DAY", "REPORTER", "POLICIES", "GOOD", "FAILED", "ID"});
  array list;
  if (answer["reports"].get(list) == simdjson::SUCCESS) {
    for (const element one : list) {
      reports.add({text_of(one, "domain"), text_of(one, "day"), text_of(one, "reporter"),
                   text_of(one, "policies"), count_of(one, "/successful"), count_of(one, "/failed"),
                   text_of(one, "id")});
    }
  }
  if (reports.is_empty()) {
    return "no reports have come\n";
  }
  std::string out = reports.text();
  Table failures({"DOMAIN", "FAILURE", "AT HOST", "SESSIONS", "REPORTS", "REASON"});
  if (answer["failures"].get(list) == simdjson::SUCCESS) {
    for (const element one : list) {
      failures.add({text_of(one, "domain"), text_of(one, "type"), text_of(one, "host"),
                    count_of(one, "/sessions"), count_of(one, "/reports"), text_of(one, "reason")});
    }
  }
  out += failures.is_empty() ? "\nno failures\n" : "\n" + failures.text();
  bool is_cut = false;
  (void)answer["cut"].get(is_cut);  // stays false if it is not there
  return is_cut ? out + "there are more: ask for one --domain, or --since a day\n" : out;
}

// The server's answer as it is, or as `show` makes it readable.
template <class Response, class Show>
int print_answer(const Response& response, bool json, const Terminal& terminal, Show show) {
  if (const int failed = report_failure(response, terminal); failed != exit_ok) {
    return failed;
  }
  if (json) {
    terminal.print(response.body);
    return exit_ok;
  }
  simdjson::dom::parser parser;
  element answer;
  if (parser.parse(simdjson::padded_string(response.body)).get(answer) != simdjson::SUCCESS) {
    terminal.complain("the server's answer is no JSON: are program and server of one version?");
    return exit_no;
  }
  terminal.print(show(answer));
  return exit_ok;
}

}  // namespace

int run_received_command(const ReceivedCommand& command, ControlTransport& control,
                         const Terminal& terminal) {
  const bool is_tls = command.kind == ReportKind::tls;
  const auto response = control.call(
      {"GET",
       std::string(is_tls ? "/v1/tls-received?domain=" : "/v1/dmarc-received?domain=") +
           http::encode_percent(command.domain) + "&since=" + http::encode_percent(command.since),
       {},
       {},
       true});
  return print_answer(response, command.json, terminal, is_tls ? received_tls : received);
}

int run_report_command(const ReportCommand& command, ControlTransport& control,
                       const Terminal& terminal) {
  std::string target = command.kind == ReportKind::tls ? "/v1/tls-reports" : "/v1/dmarc-reports";
  if (command.send) {
    target += "/send";
  }
  if (!command.day.empty()) {
    target += "?day=" + http::encode_percent(command.day);
  }
  const auto response =
      control.call({command.send ? "POST" : "GET", std::move(target), {}, {}, true});
  return print_answer(response, command.json, terminal, [&command](const element& answer) {
    return command.send ? sent(answer) : shown(answer, command.kind);
  });
}

}  // namespace postrider::tools
