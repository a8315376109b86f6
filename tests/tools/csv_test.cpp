#include "csv.hpp"

#include <gtest/gtest.h>

namespace postrider::tools {
namespace {

using Fields = std::vector<std::vector<std::string>>;

std::optional<Fields> fields_of(std::string_view text) {
  const auto rows = parse_csv(text);
  if (!rows) {
    return std::nullopt;
  }
  Fields out;
  for (const auto& row : *rows) {
    out.push_back(row.fields);
  }
  return out;
}

TEST(Csv, ReadsWhatRfc4180Writes) {
  struct Row {
    const char* text;
    std::optional<Fields> fields;
  };
  const Row rows[] = {
      {"", Fields{}},
      {"a", Fields{{"a"}}},
      {"a,b\r\nc,d\r\n", Fields{{"a", "b"}, {"c", "d"}}},
      {"a,b\nc,d", Fields{{"a", "b"}, {"c", "d"}}},
      {",\n", Fields{{"", ""}}},
      {"a,\n", Fields{{"a", ""}}},
      {"\n\r\na\n\n", Fields{{"a"}}},
      {"\"a,b\",\"c\"\"d\"\n", Fields{{"a,b", "c\"d"}}},
      {"\"two\r\nlines\",x\n", Fields{{"two\r\nlines", "x"}}},
      {"\"\",\"\"\n", Fields{{"", ""}}},
      {"a \"b\" c\n", Fields{{"a \"b\" c"}}},
      {"\"open\n", std::nullopt},
      {"\"a\"b\n", std::nullopt},
      {"x\"\n\"", std::nullopt},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(fields_of(row.text), row.fields) << row.text;
  }
}

TEST(Csv, CountsLinesInsideQuotesToo) {
  const auto rows = parse_csv("a\n\"b\nb\"\n\nc\n");
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 3U);
  EXPECT_EQ((*rows)[1].line, 2U);
  EXPECT_EQ((*rows)[2].line, 5U);
}

TEST(Csv, ReadsBackWhatItWrote) {
  const std::vector<std::string> fields{"plain", "", "a,b", "say \"x\"", "two\r\nlines", "ü"};
  EXPECT_EQ(fields_of(encode_csv(fields) + "\r\n"), (Fields{fields}));
}

}  // namespace
}  // namespace postrider::tools
