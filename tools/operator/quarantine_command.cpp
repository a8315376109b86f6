#include "quarantine_command.hpp"

#include "answer_json.hpp"

#include <fmt/core.h>

#include <postrider/base/json.hpp>

namespace postrider::tools {

namespace {

using simdjson::dom::element;

std::string recipients_of(const element& row) {
  std::string out;
  simdjson::dom::array list;
  if (row["to"].get(list) == simdjson::SUCCESS) {
    for (const element address : list) {
      std::string_view text;
      (void)address.get(text);  // stays empty if it is none
      out.append(out.empty() ? "" : ",").append(text);
    }
  }
  return out;
}

// Nothing: it is no JSON, and that was said.
bool parse(simdjson::dom::parser& parser, const std::string& body, element& root,
           const Terminal& terminal) {
  if (parser.parse(body).get(root) == simdjson::SUCCESS) {
    return true;
  }
  terminal.complain("the server's answer is no JSON: are program and server of one version?");
  return false;
}

int list(const QuarantineCommand& command, ControlTransport& control, const Terminal& terminal) {
  constexpr std::uint64_t page = 1000;
  std::uint64_t left = command.limit == 0 ? UINT64_MAX : command.limit;
  std::string after;
  std::string items;
  Table table({"ID", "AGE", "SIZE", "FROM", "TO", "REASON", "SUBJECT"});
  for (bool more = true; more && left > 0;) {
    const auto response =
        control.call({"GET",
                      fmt::format("/v1/quarantine?limit={}{}", std::min(left, page),
                                  after.empty() ? "" : "&after=" + after),
                      {},
                      {},
                      true});
    if (const int failed = report_failure(response, terminal); failed != exit_ok) {
      return failed;
    }
    simdjson::dom::parser parser;
    element root;
    simdjson::dom::array rows;
    if (!parse(parser, response.body, root, terminal) || root.get(rows) != simdjson::SUCCESS) {
      return exit_no;
    }
    for (const element row : rows) {
      items += (items.empty() ? "" : ",\n") + simdjson::minify(row);
      table.add({text_of(row, "id"), human_age(number_of(row, "age_s")),
                 std::to_string(number_of(row, "size")), text_of(row, "from"), recipients_of(row),
                 text_of(row, "reason").substr(0, 60), text_of(row, "subject").substr(0, 40)});
    }
    left -= std::min<std::uint64_t>(left, rows.size());
    const auto next = response.field("x-next");
    more = next.has_value();
    after = next.value_or("");
  }
  if (command.json) {
    terminal.print("[" + items + "]\n");
  } else {
    terminal.print(table.is_empty() ? "Nothing is in quarantine.\n" : table.text());
  }
  return exit_ok;
}

int show(const QuarantineCommand& command, ControlTransport& control, const Terminal& terminal) {
  const std::string id = http::encode_percent(command.id);
  const auto response = control.call({"GET", "/v1/quarantine/" + id, {}, {}, true});
  if (const int failed = report_failure(response, terminal); failed != exit_ok) {
    return failed;
  }
  if (command.raw) {
    const auto raw = control.call({"GET", "/v1/quarantine/" + id + "/message", {}, {}, true});
    const int failed = report_failure(raw, terminal);
    terminal.print(failed == exit_ok ? raw.body : "");
    return failed;
  }
  if (command.json) {
    terminal.print(response.body);
    return exit_ok;
  }
  simdjson::dom::parser parser;
  element root;
  simdjson::dom::array rows;
  if (!parse(parser, response.body, root, terminal) || root.get(rows) != simdjson::SUCCESS) {
    return exit_no;
  }
  for (const element row : rows) {
    terminal.print(fmt::format("{}  from <{}>  to {}  {} octets\nreceived {} by {}\n{}\n",
                               text_of(row, "id"), text_of(row, "from"), recipients_of(row),
                               number_of(row, "size"), text_of(row, "received_at"),
                               text_of(row, "origin"), text_of(row, "reason")));
  }
  std::string_view header;
  if (root.at_pointer("/0/header").get(header) == simdjson::SUCCESS) {
    terminal.print("\n");
    terminal.print(header);
  }
  return exit_ok;
}

int act(const QuarantineCommand& command, ControlTransport& control, const Terminal& terminal) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("id", command.id);
  if (!command.to.empty()) {
    json.member("to", command.to);
  }
  if (!command.reason.empty()) {
    json.member("reason", command.reason);
  }
  json.end_object();
  const bool is_release = command.verb == QuarantineVerb::release;
  const auto response =
      control.call({"POST",
                    is_release ? "/v1/quarantine/release" : "/v1/quarantine/delete",
                    {},
                    std::move(body),
                    true});
  if (const int failed = report_failure(response, terminal); failed != exit_ok) {
    return failed;
  }
  terminal.print(
      command.json ? response.body
                   : fmt::format("{} {}\n", command.id, is_release ? "is released" : "is deleted"));
  return exit_ok;
}

}  // namespace

int run_quarantine_command(const QuarantineCommand& command, ControlTransport& control,
                           const Terminal& terminal) {
  switch (command.verb) {
    case QuarantineVerb::list:
      return list(command, control, terminal);
    case QuarantineVerb::show:
      return show(command, control, terminal);
    case QuarantineVerb::release:
    case QuarantineVerb::remove:
      return act(command, control, terminal);
  }
  return exit_usage;
}

}  // namespace postrider::tools
