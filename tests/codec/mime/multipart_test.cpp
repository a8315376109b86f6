#include <gtest/gtest.h>

#include <postrider/base/random.hpp>
#include <postrider/codec/mime/limits.hpp>
#include <postrider/codec/mime/multipart.hpp>

namespace postrider::mime {
namespace {

using Views = std::vector<std::string_view>;

TEST(Multipart, EncodesParts) {
  EXPECT_EQ(encode_multipart({{"A: b\r\n", "one\r\n"}, {"", "two"}}, "xy", "hello"),
            "hello\r\n--xy\r\nA: b\r\n\r\none\r\n\r\n--xy\r\n\r\ntwo\r\n--xy--\r\n");
}

TEST(Multipart, RefusesABoundaryThatStandsInAPart) {
  EXPECT_FALSE(encode_multipart({{"", "a\r\n--xy\r\n"}}, "xy"));
  EXPECT_FALSE(encode_multipart({{"", "--xyz"}}, "xy"));
  EXPECT_FALSE(encode_multipart({{"", "a\n--xy"}}, "xy"));
  EXPECT_FALSE(encode_multipart({{"A: b\r\n--xy: c\r\n", ""}}, "xy"));
  EXPECT_FALSE(encode_multipart({}, "xy", "--xy"));
  EXPECT_TRUE(encode_multipart({{"", "a --xy"}}, "xy"));
  for (const char* bad : {"", "x ", "a\"b", "a\r\nb", "\xE4", "a;b"}) {
    EXPECT_FALSE(encode_multipart({}, bad)) << bad;
  }
  EXPECT_TRUE(encode_multipart({}, std::string(70, 'a')));
  EXPECT_FALSE(encode_multipart({}, std::string(71, 'a')));
}

TEST(Multipart, SplitsAsTheStandardSays) {
  EXPECT_EQ(
      split_multipart(
          "pre\r\n--b\r\n\r\none\r\n--b \t\r\nA: x\r\n\r\ntwo\r\n\r\n--b--\r\npost\r\n--b\r\nno",
          "b"),
      (Views{"\r\none", "A: x\r\n\r\ntwo\r\n"}));
  EXPECT_EQ(split_multipart("--b\r\nx", "b"), (Views{"x"}));  // no close delimiter
  EXPECT_EQ(split_multipart("--b\r\n--b--", "b"), (Views{""}));
  EXPECT_EQ(split_multipart("--b\r\n--b\r\n--b--", "b"), (Views{"", ""}));
  EXPECT_EQ(split_multipart("--b", "b"), (Views{""}));
  EXPECT_EQ(split_multipart("--bc\r\nx\r\n--b\r\ny\r\n--b-\r\nz", "b"), (Views{"y\r\n--b-\r\nz"}));
  EXPECT_EQ(split_multipart("x --b\r\ny", "b"), Views());
  EXPECT_EQ(split_multipart("\n--b\ny", "b"), Views());
  EXPECT_EQ(split_multipart("--b--\r\n--b\r\nx", "b"), Views());
  EXPECT_EQ(split_multipart("", "b"), Views());
  EXPECT_EQ(split_multipart("--\r\nx", ""), Views());
}

TEST(Multipart, RoundTrips) {
  SeededRandom random(27);
  for (int i = 0; i < 5'000; ++i) {
    std::vector<Part> parts(random.below(5) + 1);
    for (Part& part : parts) {
      part.header = random.below(2) == 0 ? "" : "A: b\r\n";
      for (auto n = random.below(12); n > 0; --n) {
        part.body += std::string_view("-b\r\nx")[random.below(5)];
      }
    }
    const auto body = encode_multipart(parts, "b");
    if (!body) {
      continue;
    }
    const auto split = split_multipart(*body, "b");
    ASSERT_EQ(split.size(), parts.size()) << "seed 27";
    for (std::size_t n = 0; n < parts.size(); ++n) {
      ASSERT_EQ(split[n], parts[n].header + "\r\n" + parts[n].body) << "seed 27";
    }
  }
}

TEST(Multipart, HoldsItsBudget) {
  std::string body;
  for (std::size_t i = 0; i < 2 * max_parts; ++i) {
    body += "--b\r\n\r\n";
  }
  EXPECT_EQ(split_multipart(body, "b").size(), max_parts);
  EXPECT_TRUE(split_multipart(std::string(4 << 20, '-'), std::string(900, '-')).empty());
}

}  // namespace
}  // namespace postrider::mime
