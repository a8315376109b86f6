#include "answer.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <simdjson.h>

#include <postrider/base/text.hpp>

namespace postrider::tools {

void Terminal::complain(std::string_view text) const {
  fmt::print(err, "postrider: {}\n", text);
}

int report_failure(const http::Response& response, const Terminal& terminal) {
  if (response.status < 400) {
    return exit_ok;
  }
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(response.body);
  std::string_view text;
  if (parser.parse(padded)["error"].get(text) != simdjson::SUCCESS) {
    text = "the server answers with an error it does not explain: see its log";
  }
  terminal.complain(text);
  return response.status == 400 ? exit_usage : exit_no;
}

namespace {

bool is_number(std::string_view cell) {
  return !cell.empty() && std::ranges::all_of(cell, is_ascii_digit);
}

// Code points, near enough to columns for addresses and host names.
std::size_t width(std::string_view cell) {
  return static_cast<std::size_t>(std::ranges::count_if(
      cell, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::string Table::text() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width(row[i]));
    }
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string gap(widths[i] - width(row[i]), ' ');
      line += (i > 0 ? "  " : "") + (is_number(row[i]) ? gap + row[i] : row[i] + gap);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string human_age(std::int64_t seconds) {
  struct Unit {
    char letter;
    std::int64_t seconds;
  };
  constexpr std::array<Unit, 4> units{{{'d', 86'400}, {'h', 3'600}, {'m', 60}, {'s', 1}}};
  std::string out;
  int shown = 0;
  for (const auto& [letter, size] : units) {
    const auto count = seconds / size;
    if (count > 0 && shown < 2) {
      out += fmt::format("{}{}{}", out.empty() ? "" : " ", count, letter);
    }
    shown += count > 0 || shown > 0 ? 1 : 0;
    seconds %= size;
  }
  return out.empty() ? "0s" : out;
}

}  // namespace postrider::tools
