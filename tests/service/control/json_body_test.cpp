#include "service/control/json_body.hpp"

#include <array>
#include <gtest/gtest.h>

namespace postrider::control {
namespace {

using Kind = BodyMember::Kind;

constexpr std::array<BodyMember, 5> members{{{"text", Kind::text},
                                             {"truth", Kind::truth},
                                             {"number", Kind::number},
                                             {"size", Kind::size},
                                             {"list", Kind::list}}};

TEST(JsonBody, TakesEachKindAsItselfAndAsAText) {
  const auto itself = JsonBody::parse(
      R"({"text": "5", "truth": true, "number": 5, "size": 7, "list": ["a b", "c"]})", members);
  ASSERT_TRUE(itself) << itself.error();
  EXPECT_EQ(itself->text("text"), "5");
  EXPECT_EQ(itself->truth("truth"), true);
  EXPECT_EQ(itself->number("number"), 5U);
  EXPECT_EQ(itself->number("size"), 7U);
  EXPECT_EQ(itself->list("list"), (std::vector<std::string>{"a b", "c"}));
  const auto texts = JsonBody::parse(
      R"({"truth": "No", "number": "18446744073709551615", "size": "64KiB", "list": " a, b;c\n"})",
      members);
  ASSERT_TRUE(texts) << texts.error();
  EXPECT_EQ(texts->truth("truth"), false);
  EXPECT_EQ(texts->number("number"), UINT64_MAX);
  EXPECT_EQ(texts->number("size"), 65536U);
  EXPECT_EQ(texts->list("list"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(texts->text("text"), std::nullopt);
  EXPECT_TRUE(JsonBody::parse(R"({"list": ""})", members)->list("list")->empty());
}

TEST(JsonBody, SaysWhatAMemberMustBe) {
  for (const char* body :
       {R"({"text": 5})", R"({"text": ["a"]})", R"({"truth": "perhaps"})", R"({"truth": 2})",
        R"({"number": -1})", R"({"number": 1.5})", R"({"number": "1k"})", R"({"size": "much"})",
        R"({"size": true})", R"({"list": [1]})", R"({"list": 5})", R"({"txt": "a"})",
        R"({"text": {"a": 1}})", R"({"text": null})", R"(["text"])", "{"}) {
    const auto parsed = JsonBody::parse(body, members);
    ASSERT_FALSE(parsed) << body;
    EXPECT_FALSE(parsed.error().empty());
  }
  EXPECT_EQ(JsonBody::parse(R"({"truth": "perhaps"})", members).error(),
            "'truth' must be true or false");
}

}  // namespace
}  // namespace postrider::control
