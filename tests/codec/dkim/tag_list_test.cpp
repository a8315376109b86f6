#include <gtest/gtest.h>

#include <postrider/codec/dkim/canonicalization.hpp>
#include <postrider/codec/dkim/limits.hpp>
#include <postrider/codec/dkim/tag_list.hpp>

namespace postrider::dkim {
namespace {

TEST(DkimTagList, ParsesFoldedTags) {
  const auto list = parse_tag_list(" v=1; a = rsa-sha256;\r\n\th=From : To;b=ab\r\n cd= ;e=;");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->tags().size(), 5U);
  EXPECT_EQ(list->find("a"), "rsa-sha256");
  EXPECT_EQ(list->find("h"), "From : To");
  EXPECT_EQ(without_white_space(*list->find("b")), "abcd=");
  EXPECT_EQ(list->find("e"), "");
  EXPECT_EQ(list->find("A"), std::nullopt);
  EXPECT_TRUE(parse_tag_list("a=b"));
  EXPECT_TRUE(parse_tag_list("a=b; \r\n "));
  EXPECT_TRUE(parse_tag_list("n=\xC3\xA4"));
}

TEST(DkimTagList, RefusesTheRest) {
  for (const char* text : {"", " ", ";", "a", "a;b=c", "a=b;;c=d", "=b", "1a=b", "a b=c", "a-b=c",
                           "a=b;a=c", "a=b; c", "a=\x01", "a=\x7F", "a=b;;"}) {
    EXPECT_FALSE(parse_tag_list(text)) << text;
  }
  std::string many;
  for (std::size_t i = 0; i <= max_tags; ++i) {
    many += "t" + std::to_string(i) + "=;";
  }
  EXPECT_FALSE(parse_tag_list(many));
}

// RFC 6376 3.4.5
TEST(DkimCanonicalization, FieldsAsTheExample) {
  EXPECT_EQ(canonicalize_field("A: X\r\n", Canonicalization::relaxed), "a:X\r\n");
  EXPECT_EQ(canonicalize_field("B : Y\t\r\n\tZ  \r\n", Canonicalization::relaxed), "b:Y Z\r\n");
  EXPECT_EQ(canonicalize_field("B : Y\t\r\n\tZ  \r\n", Canonicalization::simple),
            "B : Y\t\r\n\tZ  \r\n");
}

TEST(DkimCanonicalization, FieldsAtTheEdges) {
  EXPECT_EQ(canonicalize_field("A:", Canonicalization::relaxed), "a:\r\n");
  EXPECT_EQ(canonicalize_field("A: \r\n \r\n", Canonicalization::relaxed), "a:\r\n");
  EXPECT_EQ(canonicalize_field("A:b", Canonicalization::simple), "A:b\r\n");
  EXPECT_EQ(canonicalize_field("A:  b  c\r\n\r\n d", Canonicalization::relaxed), "a:b c d\r\n");
  EXPECT_EQ(canonicalize_field("\xC3\x84: \xC3\x84", Canonicalization::relaxed),
            "\xC3\x84:\xC3\x84\r\n");
}

}  // namespace
}  // namespace postrider::dkim
