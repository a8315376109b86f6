#include "directory_rows.hpp"

#include <fmt/core.h>

namespace postrider::tools {

int for_each_row(const std::string& path, ControlTransport& control, const Terminal& terminal,
                 const std::function<void(const simdjson::dom::element&)>& take) {
  std::string after;
  do {
    const auto joint = path.find('?') == path.npos ? '?' : '&';
    const auto response =
        control.call({"GET", fmt::format("{}{}after={}", path, joint, after), {}, {}, true});
    if (const int failed = report_failure(response, terminal); failed != exit_ok) {
      return failed;
    }
    after = response.field("x-next").value_or("");
    simdjson::dom::parser parser;
    const simdjson::padded_string padded(response.body);
    for (const auto row : parser.parse(padded).get_array()) {
      take(row);
    }
  } while (!after.empty());
  return exit_ok;
}

std::string shown(const simdjson::dom::element& row, std::string_view name) {
  simdjson::dom::element member;
  if (row[name].get(member) != simdjson::SUCCESS) {
    return {};
  }
  if (std::string_view text; member.get(text) == simdjson::SUCCESS) {
    return std::string(text);
  }
  if (bool yes = false; member.get(yes) == simdjson::SUCCESS) {
    return yes ? "yes" : "no";
  }
  if (std::uint64_t number = 0; member.get(number) == simdjson::SUCCESS) {
    return std::to_string(number);
  }
  std::string out;
  simdjson::dom::array items;
  if (member.get(items) == simdjson::SUCCESS) {
    for (const auto item : items) {
      std::string_view text;
      if (item.get(text) == simdjson::SUCCESS) {
        out += (out.empty() ? "" : " ") + std::string(text);
      }
    }
  }
  return out;
}

}  // namespace postrider::tools
