#include "account_command.hpp"

#include "password_prompt.hpp"

#include <fmt/core.h>
#include <simdjson.h>

#include <postrider/base/json.hpp>

namespace postrider::tools {

namespace {

using simdjson::dom::element;

std::string joined(const element& object, std::string_view name) {
  std::string out;
  simdjson::dom::array items;
  if (object[name].get(items) == simdjson::SUCCESS) {
    for (const auto item : items) {
      out += (out.empty() ? "" : " ") + std::string(std::string_view(item));
    }
  }
  return out;
}

std::string text_of(const element& object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

// All pages of a list, as one JSON array or one table.
int list_all(std::string_view path, bool json, ControlTransport& control, const Terminal& terminal,
             Table table, auto add_row) {
  std::string after;
  std::string all;
  do {
    const auto response =
        control.call({"GET", fmt::format("{}?after={}", path, after), {}, {}, true});
    if (const int failed = report_failure(response, terminal); failed != exit_ok) {
      return failed;
    }
    after = response.field("x-next").value_or("");
    simdjson::dom::parser parser;
    const simdjson::padded_string padded(response.body);
    for (const auto row : parser.parse(padded).get_array()) {
      add_row(table, row);
      all += (all.empty() ? "" : ",\n") + simdjson::minify(row);
    }
  } while (!after.empty());
  terminal.print(json ? "[" + all + "]\n" : table.is_empty() ? "There are none.\n" : table.text());
  return exit_ok;
}

int send(http::Request request, bool json, ControlTransport& control, const Terminal& terminal,
         std::string_view done) {
  const auto response = control.call(request);
  if (const int failed = report_failure(response, terminal); failed != exit_ok) {
    return failed;
  }
  terminal.print(json ? response.body : std::string(done) + "\n");
  return exit_ok;
}

std::string body_of(const AccountCommand& command) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  if (command.verb == DirectoryVerb::add) {
    json.member("name", command.name);
  }
  if (command.password_stdin) {
    json.member("password", read_password_line());
  } else if (command.ask_password || command.verb == DirectoryVerb::add) {
    json.member("password", prompt_password());
  }
  if (command.tenant) {
    json.member("tenant", *command.tenant);
  }
  if (command.send_as) {
    json.key("send_as").begin_array();
    for (const auto& entry : *command.send_as) {
      json.value(entry);
    }
    json.end_array();
  }
  if (command.disabled) {
    json.member("disabled", *command.disabled);
  }
  json.end_object();
  return body;
}

}  // namespace

int run_account_command(const AccountCommand& command, ControlTransport& control,
                        const Terminal& terminal) {
  const auto one = "/v1/accounts/" + http::encode_percent(command.name);
  switch (command.verb) {
    case DirectoryVerb::add:
      return send({"POST", "/v1/accounts", {}, body_of(command), true}, command.json, control,
                  terminal, fmt::format("Added {}.", command.name));
    case DirectoryVerb::set:
      return send({"PATCH", one, {}, body_of(command), true}, command.json, control, terminal,
                  fmt::format("Changed {}.", command.name));
    case DirectoryVerb::remove:
      return send({"DELETE", one, {}, {}, true}, command.json, control, terminal,
                  fmt::format("Removed {}.", command.name));
    case DirectoryVerb::list:
      return list_all(
          "/v1/accounts", command.json, control, terminal,
          Table({"NAME", "TENANT", "LOGIN", "MAY SEND AS", "STATE"}),
          [](Table& table, const element& row) {
            bool disabled = false;
            (void)row["disabled"].get(disabled);  // absent means enabled
            table.add({text_of(row, "name"), text_of(row, "tenant"), joined(row, "credentials"),
                       joined(row, "send_as"), disabled ? "disabled" : "enabled"});
          });
  }
  return exit_usage;
}

int run_domain_command(const DomainCommand& command, ControlTransport& control,
                       const Terminal& terminal) {
  switch (command.verb) {
    case DirectoryVerb::add: {
      std::string body;
      JsonWriter json(body);
      json.begin_object().member("name", command.name);
      if (!command.tenant.empty()) {
        json.member("tenant", command.tenant);
      }
      json.end_object();
      return send({"POST", "/v1/domains", {}, body, true}, command.json, control, terminal,
                  fmt::format("Added {}.", command.name));
    }
    case DirectoryVerb::remove:
      return send({"DELETE", "/v1/domains/" + http::encode_percent(command.name), {}, {}, true},
                  command.json, control, terminal, fmt::format("Removed {}.", command.name));
    case DirectoryVerb::list:
      return list_all("/v1/domains", command.json, control, terminal, Table({"NAME", "TENANT"}),
                      [](Table& table, const element& row) {
                        table.add({text_of(row, "name"), text_of(row, "tenant")});
                      });
    case DirectoryVerb::set:
      break;
  }
  terminal.complain("a domain has nothing to set: use add, list or remove");
  return exit_usage;
}

}  // namespace postrider::tools
