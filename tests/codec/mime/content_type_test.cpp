#include <gtest/gtest.h>

#include <postrider/codec/mime/content_type.hpp>
#include <postrider/codec/mime/limits.hpp>

namespace postrider::mime {
namespace {

TEST(ContentType, ParsesTypeAndParameters) {
  const auto type = parse_content_type(
      " Multipart/Report ; (c) Report-Type = delivery-status;\r\n boundary=\"a; \\\"b\"; ;x=y;");
  ASSERT_TRUE(type);
  EXPECT_TRUE(type->is("multipart", "report"));
  EXPECT_EQ(type->parameter("report-type"), "delivery-status");
  EXPECT_EQ(type->parameter("BOUNDARY"), "a; \"b");
  EXPECT_EQ(type->parameter("x"), "y");
  EXPECT_EQ(type->parameter("none"), std::nullopt);
}

TEST(ContentType, KeepsWhatStandsBeforeAnError) {
  const auto type = parse_content_type("text/plain; charset=utf-8; =x; format=flowed");
  ASSERT_TRUE(type);
  EXPECT_EQ(type->parameters.size(), 1U);
  EXPECT_EQ(parse_content_type("text/plain; a=1; a=2")->parameter("a"), "1");
  EXPECT_TRUE(parse_content_type("text/plain garbage"));
}

TEST(ContentType, RefusesWhatHasNoType) {
  for (const char* text :
       {"", "text", "/plain", "text/", "text plain", ";", "(open text/plain", "\"text\"/plain"}) {
    EXPECT_FALSE(parse_content_type(text)) << text;
  }
}

TEST(ContentType, HoldsItsBudget) {
  std::string text = "a/b";
  for (int i = 0; i < 1000; ++i) {
    text += ";p=q";
  }
  EXPECT_EQ(parse_content_type(text)->parameters.size(), max_parameters);
}

}  // namespace
}  // namespace postrider::mime
