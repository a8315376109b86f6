#include "queue_command.hpp"

#include "answer_json.hpp"

#include <algorithm>
#include <fmt/core.h>

#include <postrider/base/json.hpp>

namespace postrider::tools {

namespace {

using simdjson::dom::element;

http::Request get(std::string target) {
  return {"GET", std::move(target), {}, {}, true};
}

std::string last_reply(const element& row) {
  element last;
  if (row["last"].get(last) != simdjson::SUCCESS || last.is_null()) {
    return "-";
  }
  const auto code = number_of(last, "code");
  auto text =
      code != 0 ? fmt::format("{} {}", code, text_of(last, "enhanced")) : text_of(last, "enhanced");
  text += " " + text_of(last, "text");
  std::ranges::replace(text, '\n', ' ');
  return text.substr(0, 100);
}

// The answer's JSON as it is, or `show` on its parsed form.
int finish(const http::Response& response, bool json, const Terminal& terminal, auto show) {
  if (const int failed = report_failure(response, terminal); failed != exit_ok) {
    return failed;
  }
  if (json) {
    terminal.print(response.body);
    return exit_ok;
  }
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(response.body);
  element root;
  if (parser.parse(padded).get(root) != simdjson::SUCCESS) {
    terminal.complain("the server's answer is no JSON: are program and server of one version?");
    return exit_no;
  }
  return show(root);
}

int summary(const QueueCommand& command, ControlTransport& control, const Terminal& terminal) {
  const auto response =
      control.call(get("/v1/queue/summary?where=" + http::encode_percent(command.where)));
  return finish(response, command.json, terminal, [&](const element& root) {
    Table table({"DOMAIN", "STATE", "COUNT", "OLDEST", "LAST"});
    for (const auto row : root.get_array()) {
      const auto code = number_of(row, "last_code");
      table.add({text_of(row, "domain"), text_of(row, "state"),
                 std::to_string(number_of(row, "count")), human_age(number_of(row, "oldest_age_s")),
                 code != 0 ? std::to_string(code) : "-"});
    }
    terminal.print(table.is_empty() ? "The queue is empty.\n" : table.text());
    return exit_ok;
  });
}

void add_rows(const element& root, Table& table) {
  for (const auto row : root.get_array()) {
    table.add({text_of(row, "id"), text_of(row, "state"),
               std::to_string(number_of(row, "attempts")), human_age(number_of(row, "age_s")),
               text_of(row, "from"), text_of(row, "to"), last_reply(row)});
  }
}

// Pages through the list, so that a queue of millions is printed from bounded memory.
int list(const QueueCommand& command, ControlTransport& control, const Terminal& terminal) {
  constexpr std::uint64_t page = 1000;
  std::uint64_t left = command.limit == 0 ? UINT64_MAX : command.limit;
  std::string after;
  bool first = true;
  if (command.json) {
    terminal.print("[");
  }
  for (bool more = true; more && left > 0;) {
    auto target = fmt::format("/v1/queue?limit={}&where={}", std::min(left, page),
                              http::encode_percent(command.where));
    target += after.empty() ? "" : "&after=" + after;
    auto response = control.call(get(target));
    const auto next = response.field("x-next");
    more = next.has_value();
    after = next.value_or("");
    std::uint64_t rows = 0;
    const int done = finish(response, false, terminal, [&](const element& root) {
      rows = root.get_array().value().size();
      if (command.json) {
        std::string_view items = response.body;
        items = items.substr(1, items.rfind(']') - 1);
        terminal.print(rows > 0 && !first ? ",\n" : "");
        terminal.print(items);
      } else if (rows > 0 || first) {
        Table table({"ID", "STATE", "TRIES", "AGE", "FROM", "TO", "LAST REPLY"});
        add_rows(root, table);
        terminal.print(table.is_empty() ? "Nothing in the queue fits.\n" : table.text());
      }
      return exit_ok;
    });
    if (done != exit_ok) {
      return done;
    }
    first = first && rows == 0;
    left -= std::min(left, rows);
  }
  if (command.json) {
    terminal.print("]\n");
  }
  return exit_ok;
}

void print_head(const element& root, const Terminal& terminal) {
  terminal.print(fmt::format("{}  from <{}>  {} octets  tenant {}\nreceived {} by {}\n",
                             text_of(root, "id"), text_of(root, "from"), number_of(root, "size"),
                             text_of(root, "tenant"), text_of(root, "received_at"),
                             text_of(root, "origin")));
}

int show(const QueueCommand& command, ControlTransport& control, const Terminal& terminal) {
  const auto target = "/v1/queue/" + http::encode_percent(command.id);
  if (command.raw) {
    const auto response = control.call(get(target + "/raw"));
    const int failed = report_failure(response, terminal);
    terminal.print(failed == exit_ok ? response.body : "");
    return failed;
  }
  return finish(control.call(get(target)), command.json, terminal, [&](const element& root) {
    print_head(root, terminal);
    Table table({"ID", "STATE", "TRIES", "AGE", "FROM", "TO", "LAST REPLY"});
    add_rows(root["recipients"].value(), table);
    terminal.print(table.text());
    return exit_ok;
  });
}

int why(const QueueCommand& command, ControlTransport& control, const Terminal& terminal) {
  const auto target = "/v1/queue/" + http::encode_percent(command.id) + "/why";
  return finish(control.call(get(target)), command.json, terminal, [&](const element& root) {
    print_head(root, terminal);
    for (const auto delivery : root["deliveries"].get_array()) {
      for (const auto row : delivery["recipients"].get_array()) {
        terminal.print(fmt::format("to <{}>: {}, {} attempts, last: {}\n", text_of(row, "to"),
                                   text_of(row, "state"), number_of(row, "attempts"),
                                   last_reply(row)));
      }
      for (const auto reason : delivery["reasons"].get_array()) {
        const auto until = text_of(reason, "until");
        const auto rule = text_of(reason, "rule");
        terminal.print(fmt::format("  because {}{}{}\n", text_of(reason, "text"),
                                   until.empty() ? "" : ", until " + until,
                                   rule.empty() ? "" : fmt::format(" ({})", rule)));
      }
    }
    return exit_ok;
  });
}

int act(const QueueCommand& command, std::string_view verb, std::string_view past,
        ControlTransport& control, const Terminal& terminal) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  if (!command.id.empty()) {
    json.member("id", command.id);
  }
  if (!command.where.empty()) {
    json.member("where", command.where);
  }
  if (!command.reason.empty()) {
    json.member("reason", command.reason);
  }
  json.end_object();
  const auto response = control.call({"POST", fmt::format("/v1/queue/{}", verb), {}, body, true});
  int worst = exit_ok;
  const int shown = finish(response, command.json, terminal, [&](const element& root) {
    const auto matched = number_of(root, "matched");
    const auto done = number_of(root, "done");
    terminal.print(fmt::format("{} {} of {} deliveries.\n", past, done, matched));
    for (const auto error : root["errors"].get_array()) {
      terminal.complain(std::string_view(error));
    }
    worst = matched > 0 && done == matched ? exit_ok : exit_no;
    return exit_ok;
  });
  return shown != exit_ok ? shown : worst;
}

int quarantine(const QueueCommand& command, ControlTransport& control, const Terminal& terminal) {
  return finish(control.call(get("/v1/queue/quarantine")), command.json, terminal,
                [&](const element& root) {
                  Table table({"ID", "SIZE", "REASON", "KEY"});
                  for (const auto row : root.get_array()) {
                    table.add({text_of(row, "id"), std::to_string(number_of(row, "size")),
                               text_of(row, "reason"), text_of(row, "key")});
                  }
                  terminal.print(table.is_empty() ? "The quarantine is empty.\n" : table.text());
                  return exit_ok;
                });
}

}  // namespace

int run_queue_command(const QueueCommand& command, ControlTransport& control,
                      const Terminal& terminal) {
  switch (command.verb) {
    case QueueVerb::summary:
      return summary(command, control, terminal);
    case QueueVerb::list:
      return list(command, control, terminal);
    case QueueVerb::show:
      return show(command, control, terminal);
    case QueueVerb::why:
      return why(command, control, terminal);
    case QueueVerb::quarantine:
      return quarantine(command, control, terminal);
    case QueueVerb::retry:
      return act(command, "retry", "Due now:", control, terminal);
    case QueueVerb::hold:
      return act(command, "hold", "Held:", control, terminal);
    case QueueVerb::release:
      return act(command, "release", "Released:", control, terminal);
    case QueueVerb::bounce:
      return act(command, "bounce", "Returned to their senders:", control, terminal);
    case QueueVerb::remove:
      return act(command, "delete", "Deleted:", control, terminal);
  }
  return exit_usage;
}

}  // namespace postrider::tools
