#include <cmath>
#include <cstdlib>
#include <gtest/gtest.h>
#include <limits>
#include <simdjson.h>

#include <postrider/base/json.hpp>
#include <postrider/base/random.hpp>
#include <postrider/base/text.hpp>

namespace postrider {
namespace {

std::string string_of(std::string_view text) {
  std::string out;
  JsonWriter(out).value(text);
  return out;
}

TEST(JsonWriter, WritesNestedValues) {
  std::string out = "> ";
  JsonWriter json(out);
  json.begin_object();
  json.member("a", 1).member("b", "x").member("c", true);
  json.key("d")
      .begin_array()
      .value(-5)
      .null()
      .begin_array()
      .end_array()
      .begin_object()
      .end_object();
  json.raw("{\"k\":[1]}").end_array();
  json.key("e").begin_object().member("f", false).end_object();
  json.member("g", std::uint64_t{UINT64_MAX}).member("h", std::int64_t{INT64_MIN});
  json.member("i", std::string("s")).member("j", std::string_view("v")).member("k", 7U);
  json.end_object();
  EXPECT_EQ(
      out,
      "> {\"a\":1,\"b\":\"x\",\"c\":true,\"d\":[-5,null,[],{},{\"k\":[1]}],\"e\":{\"f\":false},"
      "\"g\":18446744073709551615,\"h\":-9223372036854775808,\"i\":\"s\",\"j\":\"v\",\"k\":7}");
}

TEST(JsonWriter, EscapesWhatMustBe) {
  EXPECT_EQ(string_of("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(string_of("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(string_of(std::string_view("\0\x1F\x7F", 3)), R"("\u0000\u001f\u007f")");
  EXPECT_EQ(string_of("\u00e4\u20ac\U0001F4EE"), "\"\u00e4\u20ac\U0001F4EE\"");
  std::string out;
  JsonWriter(out).begin_object().member("k\"\n", 1).end_object();
  EXPECT_EQ(out, R"({"k\"\n":1})");
}

TEST(JsonWriter, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(string_of("a\xFFz"), "\"a\uFFFDz\"");
  EXPECT_EQ(string_of("\xC3"), "\"\uFFFD\"");
  EXPECT_EQ(string_of("\xE2\x82z"), "\"\uFFFDz\"");
  EXPECT_EQ(string_of("\xED\xA0\x80"), "\"\uFFFD\uFFFD\uFFFD\"");
  EXPECT_EQ(string_of("\xC3\"x"), "\"\uFFFD\\\"x\"");
}

TEST(JsonWriter, WritesNumbersThatReadBack) {
  for (const double number : {0.0, 1.0, -0.5, 0.1, 1e300, 5e-324, 1.0 / 3}) {
    std::string out;
    JsonWriter(out).value(number);
    EXPECT_EQ(std::strtod(out.c_str(), nullptr), number);
  }
  std::string out;
  JsonWriter json(out);
  json.begin_array().value(std::nan("")).value(std::numeric_limits<double>::infinity()).end_array();
  EXPECT_EQ(out, "[null,null]");
}

TEST(JsonWriter, WritesOneDocumentAfterAnother) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().end_object();
  out += '\n';
  json.begin_object().end_object();
  EXPECT_EQ(out, "{}\n{}");
}

TEST(JsonWriterDeathTest, AssertsItsGrammar) {
  std::string out;
  EXPECT_DEATH(JsonWriter(out).begin_object().value(1), "key must stand");
  EXPECT_DEATH(JsonWriter(out).begin_object().begin_array(), "key must stand");
  EXPECT_DEATH(JsonWriter(out).begin_object().key("a").value(1).value(2), "key must stand");
  EXPECT_DEATH(JsonWriter(out).begin_object().key("a").key("b"), "none may stand");
  EXPECT_DEATH(JsonWriter(out).begin_array().key("a"), "none may stand");
  EXPECT_DEATH(JsonWriter(out).key("a"), "none may stand");
  EXPECT_DEATH(JsonWriter(out).begin_object().key("a").end_object(), "without its value");
  EXPECT_DEATH(JsonWriter(out).begin_object().end_array(), "not open");
  EXPECT_DEATH(JsonWriter(out).begin_array().end_object(), "not open");
  EXPECT_DEATH(JsonWriter(out).end_array(), "not open");
  const auto nest = [&out] {
    JsonWriter json(out);
    for (int i = 0; i < 65; ++i) {
      json.begin_array();
    }
  };
  EXPECT_DEATH(nest(), "nested deeper");
}

// Whatever the octets, a strict reader takes the text, and gets them back if they were UTF-8.
TEST(JsonWriter, AnyOctetsAreReadByAParser) {
  SeededRandom random(10);
  simdjson::dom::parser parser;
  for (int i = 0; i < 5'000; ++i) {
    std::string text(random.below(60), '\0');
    random.fill(std::as_writable_bytes(std::span(text)));
    if (random.below(2) == 0) {
      for (char& c : text) {
        c = static_cast<char>(c & 0x7F);
      }
    }
    std::string out;
    JsonWriter(out).begin_array().value(text).end_array();
    std::string_view read;
    ASSERT_EQ(parser.parse(out).at(0).get(read), simdjson::SUCCESS) << "seed 10: " << out;
    if (is_utf8(text)) {
      ASSERT_EQ(read, text) << "seed 10";
    }
  }
}

}  // namespace
}  // namespace postrider
