#include "csv.hpp"

namespace postrider::tools {

namespace {

// One field at the front of `text`, which is left at what ended it. nullopt: it is broken.
std::optional<std::string> take_field(std::string_view& text, std::size_t& line) {
  if (!text.starts_with('"')) {
    const auto end = std::min(text.find_first_of(",\r\n"), text.size());
    std::string field(text.substr(0, end));
    text.remove_prefix(end);
    return field;
  }
  std::string field;
  for (text.remove_prefix(1); !text.empty(); text.remove_prefix(1)) {
    if (text.starts_with("\"\"")) {
      field += '"';
      text.remove_prefix(1);
    } else if (text.front() == '"') {
      text.remove_prefix(1);
      const bool ends =
          text.empty() || text.front() == ',' || text.front() == '\r' || text.front() == '\n';
      return ends ? std::optional(field) : std::nullopt;
    } else {
      line += text.front() == '\n' ? 1U : 0U;
      field += text.front();
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<CsvRow>> parse_csv(std::string_view text) {
  std::vector<CsvRow> rows;
  std::size_t line = 1;
  while (!text.empty()) {
    CsvRow row{line, {}};
    for (bool more = true; more;) {
      auto field = take_field(text, line);
      if (!field) {
        return std::nullopt;
      }
      row.fields.push_back(std::move(*field));
      more = text.starts_with(',');
      text.remove_prefix(more ? 1 : 0);
    }
    text.remove_prefix(text.starts_with('\r') ? 1 : 0);
    text.remove_prefix(text.starts_with('\n') ? 1 : 0);
    ++line;
    if (row.fields.size() > 1 || !row.fields.front().empty()) {
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

std::string encode_csv(const std::vector<std::string>& fields) {
  std::string out;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    out += i > 0 ? "," : "";
    if (fields[i].find_first_of(",\"\r\n") == std::string::npos) {
      out += fields[i];
      continue;
    }
    out += '"';
    for (const char c : fields[i]) {
      out += c == '"' ? "\"\"" : std::string(1, c);
    }
    out += '"';
  }
  return out;
}

}  // namespace postrider::tools
