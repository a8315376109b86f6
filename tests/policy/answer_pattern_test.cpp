#include <gtest/gtest.h>
#include <string>

#include <postrider/policy/answer_pattern.hpp>

namespace postrider::policy {
namespace {

TEST(AnswerPattern, IsNumbersAndRangesByOctet) {
  struct Row {
    std::string pattern;
    std::string yes;
    std::string no;
  };
  const Row rows[] = {
      {"127.0.0.2", "127.0.0.2", "127.0.0.3"},
      {"127.0.1.[2..99]", "127.0.1.99", "127.0.1.100"},
      {"127.0.1.[2..99]", "127.0.1.2", "127.0.1.1"},
      {"127.0.0.[2;4..6]", "127.0.0.5", "127.0.0.3"},
      {"127.[0..255].0.[1..255]", "127.9.0.1", "127.9.1.1"},
      {"127.0.0.[0..255]", "127.0.0.0", "126.0.0.0"},
  };
  for (const Row& row : rows) {
    const auto pattern = AnswerPattern::parse(row.pattern);
    ASSERT_TRUE(pattern) << row.pattern;
    EXPECT_TRUE(pattern->matches(*IpAddress::parse(row.yes))) << row.pattern;
    EXPECT_FALSE(pattern->matches(*IpAddress::parse(row.no))) << row.pattern;
  }
  EXPECT_FALSE(AnswerPattern::parse("0.0.0.[0..255]")->matches(*IpAddress::parse("::1")));
}

TEST(AnswerPattern, IsNothingElse) {
  for (const std::string text : {"",
                                 "127",
                                 "127.0.0",
                                 "127.0.0.",
                                 "127.0.0.2.",
                                 "127.0.0.2.3",
                                 "127.0.0.256",
                                 "127.0.0.-1",
                                 "127.0.0.[",
                                 "127.0.0.[]",
                                 "127.0.0.[2",
                                 "127.0.0.[2]3",
                                 "127.0.0.[9..2]",
                                 "127.0.0.[2..]",
                                 "127.0.0.[..2]",
                                 "127.0.0.[1;]",
                                 "127.0.0.[1;;2]",
                                 "127..0.2",
                                 " 127.0.0.2",
                                 "127.0.0.2 ",
                                 "127.0.0.0002",
                                 "a.b.c.d",
                                 "127.0.0.[1..300]"}) {
    EXPECT_FALSE(AnswerPattern::parse(text)) << text;
  }
}

}  // namespace
}  // namespace postrider::policy
