#include "directory_command.hpp"

#include "directory_rows.hpp"
#include "password_prompt.hpp"

#include <fmt/core.h>
#include <map>

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>

namespace postrider::tools {

namespace {

using simdjson::dom::element;

std::string collection(DirectoryKind kind) {
  switch (kind) {
    case DirectoryKind::account:
    case DirectoryKind::app_password:
      return "/v1/accounts";
    case DirectoryKind::domain:
      return "/v1/domains";
    case DirectoryKind::alias:
    case DirectoryKind::list:
      break;
  }
  return "/v1/aliases";
}

std::string body_of(const DirectoryCommand& command) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  const bool is_alias = command.kind == DirectoryKind::alias || command.kind == DirectoryKind::list;
  const bool is_account = command.kind == DirectoryKind::account;
  if (command.verb == DirectoryVerb::add && command.kind != DirectoryKind::app_password) {
    json.member(is_alias ? "address" : "name", command.name);
  }
  if (command.password_stdin) {
    json.member("password", read_password_line());
  } else if (command.ask_password || (is_account && command.verb == DirectoryVerb::add)) {
    json.member("password", prompt_password());
  }
  for (const auto& [name, text] : command.texts) {
    json.member(name, text);
  }
  for (const auto& [name, list] : command.lists) {
    json.key(name).begin_array();
    for (const auto& entry : list) {
      json.value(entry);
    }
    json.end_array();
  }
  json.end_object();
  return body;
}

// "4096" or nothing where there is no limit.
std::string limit(const element& row, std::string_view name) {
  const auto text = shown(row, name);
  return text == "0" ? "" : text;
}

void add_account(Table& table, const element& row) {
  std::string apps;
  simdjson::dom::array passwords;
  if (row["app_passwords"].get(passwords) == simdjson::SUCCESS) {
    for (const auto each : passwords) {
      apps += (apps.empty() ? "" : " ") + shown(each, "name");
    }
  }
  const auto forward = shown(row, "forward_to");
  const bool moves_on = !forward.empty() && shown(row, "keeps_copy") == "no";
  table.add({shown(row, "name"), shown(row, "tenant"), shown(row, "credentials"),
             shown(row, "scopes"), apps, shown(row, "send_as"), limit(row, "quota_bytes"),
             limit(row, "messages_per_hour"), forward + (moves_on ? " (no copy)" : ""),
             shown(row, "disabled") == "yes" ? "disabled" : "enabled"});
}

void add_domain(Table& table, const element& row) {
  const auto alias_of = shown(row, "alias_of");
  table.add({shown(row, "name"), shown(row, "tenant"),
             !alias_of.empty()               ? "as " + alias_of
             : shown(row, "hosted") == "yes" ? "here"
                                             : "elsewhere",
             shown(row, "catch_all"), shown(row, "postmaster"), limit(row, "quota_bytes"),
             limit(row, "account_quota_bytes")});
}

int list_entries(const DirectoryCommand& command, ControlTransport& control,
                 const Terminal& terminal) {
  const bool is_account = command.kind == DirectoryKind::account;
  const bool is_domain = command.kind == DirectoryKind::domain;
  Table table(is_account ? std::vector<std::string>{"NAME", "TENANT", "LOGIN", "FOR",
                                                    "APP PASSWORDS", "MAY SEND AS", "QUOTA",
                                                    "PER HOUR", "FORWARDS TO", "STATE"}
              : is_domain
                  ? std::vector<std::string>{"NAME", "TENANT", "MAIL", "CATCH-ALL", "POSTMASTER",
                                             "QUOTA", "ACCOUNT QUOTA"}
                  : std::vector<std::string>{"ADDRESS", "KIND", "POSTERS", "LEADS TO", "TITLE"});
  std::string all;
  const int code =
      for_each_row(collection(command.kind), control, terminal, [&](const element& row) {
        const auto kind = shown(row, "kind");
        if (!kind.empty() && (kind == "list") != (command.kind == DirectoryKind::list)) {
          return;
        }
        all += (all.empty() ? "" : ",\n") + simdjson::minify(row);
        if (is_account) {
          add_account(table, row);
        } else if (is_domain) {
          add_domain(table, row);
        } else {
          table.add({shown(row, "address"), kind, shown(row, "posters"), shown(row, "targets"),
                     shown(row, "title")});
        }
      });
  if (code == exit_ok) {
    terminal.print(command.json       ? "[" + all + "]\n"
                   : table.is_empty() ? "There are none.\n"
                                      : table.text());
  }
  return code;
}

// A list, its members one by one, and beside each what has come back from him; then of those who
// are members no more.
std::string shown_list(const element& answer) {
  Table table({"MEMBER", "BOUNCES", "LAST", "CLASS", "STATUS", "TEXT"});
  std::map<std::string, std::vector<std::string>> returned;
  simdjson::dom::array rows;
  const bool is_counted = answer["bounces"].get(rows) == simdjson::SUCCESS;
  if (is_counted) {
    for (const auto row : rows) {
      const std::string member = shown(row, "member");
      returned[member] = {member,
                          shown(row, "count"),
                          shown(row, "last"),
                          shown(row, "class"),
                          shown(row, "enhanced"),
                          shown(row, "text").substr(0, 60)};
    }
  }
  simdjson::dom::array members;
  if (answer["targets"].get(members) == simdjson::SUCCESS) {
    for (const auto member : members) {
      std::string_view address;
      (void)member.get(address);  // stays empty if it is none
      const auto found = returned.find(to_lower(address));
      if (found == returned.end()) {
        table.add({std::string(address), is_counted ? "0" : "?", "", "", "", ""});
      } else {
        table.add(found->second);
        returned.erase(found);
      }
    }
  }
  std::string out = fmt::format("{}  {}  posters: {}\n", shown(answer, "address"),
                                shown(answer, "title"), shown(answer, "posters"));
  for (auto& [member, row] : returned) {
    row.front() += " (no member)";
    table.add(row);
  }
  return out + (table.is_empty() ? "It has no members.\n" : table.text()) +
         (is_counted ? "" : "What came back only a running server knows.\n");
}

int show_list(const DirectoryCommand& command, ControlTransport& control,
              const Terminal& terminal) {
  const auto response = control.call(
      {"GET", collection(command.kind) + "/" + http::encode_percent(command.name), {}, {}, true});
  if (const int failed = report_failure(response, terminal); failed != exit_ok) {
    return failed;
  }
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(response.body);
  element answer;
  if (parser.parse(padded).get(answer) != simdjson::SUCCESS) {
    terminal.complain("the server's answer is no JSON: are program and server of one version?");
    return exit_no;
  }
  if (shown(answer, "kind") != "list") {
    terminal.complain(command.name + " is no mailing list: see `postrider alias list`");
    return exit_no;
  }
  terminal.print(command.json ? response.body : shown_list(answer));
  return exit_ok;
}

// What is said of a change; of an app password, the password itself: nothing shows it again.
std::string said(const DirectoryCommand& command, const http::Response& response) {
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(response.body);
  element answer;
  const bool is_read = parser.parse(padded).get(answer) == simdjson::SUCCESS;
  if (command.kind == DirectoryKind::app_password && command.verb == DirectoryVerb::add &&
      is_read) {
    return fmt::format("{}\nIt is shown this once.\n", shown(answer, "password"));
  }
  const char* did = command.verb == DirectoryVerb::add   ? "Added"
                    : command.verb == DirectoryVerb::set ? "Changed"
                                                         : "Removed";
  std::string note;
  if (command.kind == DirectoryKind::domain && command.verb != DirectoryVerb::remove && is_read) {
    const bool is_alias = !shown(answer, "alias_of").empty();
    if (!is_alias && shown(answer, "hosted") == "no") {
      note = fmt::format(" Mail for it is not kept here: domain set {} --hosted yes changes that.",
                         command.name);
    } else if (!is_alias && shown(answer, "postmaster").empty()) {
      note = fmt::format(" Nobody reads postmaster@{}: name one with --postmaster.", command.name);
    }
  }
  return fmt::format("{} {}.{}\n", did, command.name, note);
}

}  // namespace

int run_directory_command(const DirectoryCommand& command, ControlTransport& control,
                          const Terminal& terminal) {
  if (command.verb == DirectoryVerb::list) {
    return list_entries(command, control, terminal);
  }
  if (command.verb == DirectoryVerb::show) {
    return show_list(command, control, terminal);
  }
  const bool is_app = command.kind == DirectoryKind::app_password;
  const auto one = collection(command.kind) + "/" + http::encode_percent(command.name) +
                   (is_app ? "/app-passwords" : "");
  http::Request request{"PATCH", one, {}, {}, true};
  if (command.verb == DirectoryVerb::add) {
    request.method = "POST";
    request.target = is_app ? one : collection(command.kind);
  } else if (command.verb == DirectoryVerb::remove) {
    request.method = "DELETE";
  }
  if (command.verb != DirectoryVerb::remove || is_app) {
    request.body = body_of(command);
  }
  const auto response = control.call(request);
  if (const int failed = report_failure(response, terminal); failed != exit_ok) {
    return failed;
  }
  terminal.print(command.json ? response.body : said(command, response));
  return exit_ok;
}

}  // namespace postrider::tools
