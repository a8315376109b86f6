#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::tools {

// Comma-separated values (RFC 4180), with LF or CRLF.
struct CsvRow {
  std::size_t line = 0;  // of the file, from 1
  std::vector<std::string> fields;
};

// nullopt: a quote is not closed, or something stands behind a closing one. Empty lines are left
// out.
[[nodiscard]] std::optional<std::vector<CsvRow>> parse_csv(std::string_view text);
// Without a line end; quoted where it must be.
[[nodiscard]] std::string encode_csv(const std::vector<std::string>& fields);

}  // namespace postrider::tools
