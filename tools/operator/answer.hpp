#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/http/message.hpp>

namespace postrider::tools {

// Exit codes of every command (docs/operations.md).
inline constexpr int exit_ok = 0;
inline constexpr int exit_no = 1;
inline constexpr int exit_usage = 2;

struct Terminal {
  std::FILE* out;
  std::FILE* err;
  void print(std::string_view text) const { std::fwrite(text.data(), 1, text.size(), out); }
  // "postrider: what is wrong: what to do"
  void complain(std::string_view text) const;
};

// 0 for success, 1 for a plain no; the API's error text goes to stderr.
[[nodiscard]] int report_failure(const http::Response& response, const Terminal& terminal);

// Columns padded to their widest cell; numbers to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> heads) { rows_.push_back(std::move(heads)); }
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] bool is_empty() const { return rows_.size() == 1; }
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "3d 4h", "12m": two units at most.
[[nodiscard]] std::string human_age(std::int64_t seconds);

}  // namespace postrider::tools
