#include "import_command.hpp"

#include "csv.hpp"
#include "directory_rows.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <sstream>
#include <utility>

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>

namespace postrider::tools {

namespace {

using simdjson::dom::element;

// So many rows go to the server at once: their passwords are hashed there, 20 ms each.
constexpr std::size_t batch = 200;

// Of the CSV form, in this order; what a kind of entry does not have stays empty.
constexpr std::array<std::string_view, 32> columns{"type",
                                                   "name",
                                                   "address",
                                                   "kind",
                                                   "password",
                                                   "password_hash",
                                                   "scram",
                                                   "app_password_hashes",
                                                   "tenant",
                                                   "disabled",
                                                   "scopes",
                                                   "send_as",
                                                   "forward_to",
                                                   "keeps_copy",
                                                   "quota_bytes",
                                                   "quota_messages",
                                                   "messages_per_hour",
                                                   "hosted",
                                                   "alias_of",
                                                   "catch_all",
                                                   "postmaster",
                                                   "account_quota_bytes",
                                                   "account_quota_messages",
                                                   "message_bytes_max",
                                                   "targets",
                                                   "posters",
                                                   "named_posters",
                                                   "title",
                                                   "archive_url",
                                                   "subscribe_url",
                                                   "unsubscribe_url",
                                                   "reply_to_list"};

struct Part {
  std::string_view type;  // of a row
  std::string_view name;  // in the request
  std::string_view path;
};
constexpr std::array<Part, 3> parts{{{"domain", "domains", "/v1/domains"},
                                     {"account", "accounts", "/v1/accounts?secrets=yes"},
                                     {"alias", "aliases", "/v1/aliases"}}};

struct Row {
  std::size_t line = 0;
  std::size_t part = 0;
  std::string json;
};
struct Problem {
  std::size_t line = 0;
  std::string text;
};

std::optional<std::size_t> part_of(std::string_view type) {
  const auto found = std::ranges::find(parts, type, &Part::type);
  if (found != parts.end()) {
    return static_cast<std::size_t>(found - parts.begin());
  }
  // Groups and lists may be called by their kind.
  return type == "group" || type == "list" ? std::optional<std::size_t>(2) : std::nullopt;
}

constexpr std::string_view type_problem =
    "the type is none of domain, account, alias, group, list: name one";

void read_json_lines(std::string_view text, std::vector<Row>& rows,
                     std::vector<Problem>& problems) {
  std::size_t line = 0;
  for (const auto each : split(text, '\n')) {
    ++line;
    if (trim_wsp(each).empty() || each == "\r") {
      continue;
    }
    simdjson::dom::parser parser;
    const simdjson::padded_string padded(each);
    element row;
    if (parser.parse(padded).get(row) != simdjson::SUCCESS || !row.is_object()) {
      problems.push_back({line, "no JSON object: write one on each line"});
      continue;
    }
    const auto part = part_of(shown(row, "type"));
    if (!part) {
      problems.push_back({line, std::string(type_problem)});
      continue;
    }
    rows.push_back({line, *part, std::string(each)});
  }
}

// False: the file as a whole can't be read.
bool read_csv(std::string_view text, std::vector<Row>& rows, std::vector<Problem>& problems) {
  const auto table = parse_csv(text);
  if (!table || table->empty()) {
    problems.push_back({1,
                        "no CSV: see that quotes are closed, and that the first line names the "
                        "columns"});
    return false;
  }
  const auto& heads = table->front().fields;
  for (auto row = table->begin() + 1; row != table->end(); ++row) {
    if (row->fields.size() != heads.size()) {
      problems.push_back({row->line, fmt::format("{} fields where the first line names {}",
                                                 row->fields.size(), heads.size())});
      continue;
    }
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    std::string type = "account";
    for (std::size_t i = 0; i < heads.size(); ++i) {
      if (row->fields[i].empty()) {
        continue;
      }
      if (heads[i] == "type") {
        type = row->fields[i];
      }
      if (heads[i] == "app_password_hashes") {  // their names may have spaces
        json.key(heads[i]).begin_array();
        for (const auto each : split(row->fields[i], '\n')) {
          json.value(each);
        }
        json.end_array();
        continue;
      }
      json.member(heads[i], row->fields[i]);
    }
    if (type == "group" || type == "list") {
      json.member("kind", type);
    }
    json.end_object();
    const auto part = part_of(type);
    if (part) {
      rows.push_back({row->line, *part, std::move(body)});
    } else {
      problems.push_back({row->line, std::string(type_problem)});
    }
  }
  return true;
}

// Rows of one kind; what was wrong with which is added to `problems`. Out: the exit code.
int send_rows(std::span<const Row> rows, bool update, ControlTransport& control,
              const Terminal& terminal, std::vector<Problem>& problems) {
  const auto& part = parts.at(rows.front().part);
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("update", update).key(part.name).begin_array();
  for (const Row& row : rows) {
    json.value(row.json);
  }
  json.end_array().end_object();
  const auto response = control.call({"POST", "/v1/import", {}, body, true});
  if (const int failed = report_failure(response, terminal); failed != exit_ok) {
    return failed;
  }
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(response.body);
  std::size_t i = 0;
  for (const auto text : parser.parse(padded)[part.name].get_array()) {
    const std::string_view problem(text);
    if (!problem.empty() && i < rows.size()) {
      problems.push_back({rows[i].line, std::string(problem)});
    }
    ++i;
  }
  return exit_ok;
}

std::string read_all(const std::filesystem::path& file) {
  std::ostringstream text;
  if (file == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::ifstream in(file, std::ios::binary);
  if (!in || !(text << in.rdbuf())) {
    throw std::runtime_error(
        fmt::format("{}: can't be read, or is empty: check the path", file.string()));
  }
  return text.str();
}

void report(const ImportCommand& command, std::size_t taken, std::vector<Problem> problems,
            const Terminal& terminal) {
  std::ranges::sort(problems, {}, &Problem::line);
  if (command.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().member("imported", static_cast<std::uint64_t>(taken));
    json.key("errors").begin_array();
    for (const auto& [line, text] : problems) {
      json.begin_object().member("line", static_cast<std::uint64_t>(line));
      json.member("error", text).end_object();
    }
    json.end_array().end_object();
    terminal.print(out + "\n");
    return;
  }
  for (const auto& [line, text] : problems) {
    terminal.complain(fmt::format("{}:{}: {}", command.file.string(), line, text));
  }
  terminal.print(fmt::format("Imported {}, refused {}.\n", taken, problems.size()));
}

std::string encode_row(const element& row, std::string_view type) {
  std::vector<std::string> fields;
  for (const auto column : columns) {
    std::string field = column == "type" ? std::string(type) : shown(row, column);
    if (column == "app_password_hashes") {
      field.clear();
      simdjson::dom::array items;
      if (row[column].get(items) == simdjson::SUCCESS) {
        for (const auto item : items) {
          field += (field.empty() ? "" : "\n") + std::string(std::string_view(item));
        }
      }
    }
    fields.push_back(std::move(field));
  }
  return encode_csv(fields);
}

}  // namespace

int run_export_command(const ExportCommand& command, ControlTransport& control,
                       const Terminal& terminal) {
  if (command.csv) {
    terminal.print(encode_csv({columns.begin(), columns.end()}) + "\r\n");
  }
  for (const Part& part : parts) {
    std::string later;  // domains that stand for others, which must be there before
    const int code =
        for_each_row(std::string(part.path), control, terminal, [&](const element& row) {
          std::string line;
          if (command.csv) {
            line = encode_row(row, part.type) + "\r\n";
          } else {
            line = simdjson::minify(row) + "\n";
            if (!row["type"].is_string()) {
              line.replace(0, 1, fmt::format("{{\"type\":\"{}\",", part.type));
            }
          }
          if (shown(row, "alias_of").empty()) {
            terminal.print(line);
          } else {
            later += line;
          }
        });
    if (code != exit_ok) {
      return code;
    }
    terminal.print(later);
  }
  return exit_ok;
}

int run_import_command(const ImportCommand& command, ControlTransport& control,
                       const Terminal& terminal) {
  const std::string text = read_all(command.file);
  std::vector<Row> rows;
  std::vector<Problem> problems;
  if (trim_wsp(text).starts_with('{')) {
    read_json_lines(text, rows, problems);
  } else if (!read_csv(text, rows, problems)) {
    report(command, 0, std::move(problems), terminal);
    return exit_no;
  }
  // Domains first, then who is in them.
  std::ranges::sort(rows, {}, [](const Row& row) { return std::pair(row.part, row.line); });
  std::size_t taken = 0;
  for (std::size_t at = 0; at < rows.size();) {
    std::size_t end = at + 1;
    while (end < rows.size() && end - at < batch && rows[end].part == rows[at].part) {
      ++end;
    }
    const std::size_t before = problems.size();
    const std::span<const Row> some(rows.begin() + static_cast<std::ptrdiff_t>(at), end - at);
    if (const int failed = send_rows(some, command.update, control, terminal, problems);
        failed != exit_ok) {
      return failed;
    }
    taken += some.size() - (problems.size() - before);
    at = end;
  }
  const bool all = problems.empty();
  report(command, taken, std::move(problems), terminal);
  return all ? exit_ok : exit_no;
}

}  // namespace postrider::tools
