#include <gtest/gtest.h>

#include <postrider/base/random.hpp>
#include <postrider/base/text.hpp>
#include <postrider/base/utf8.hpp>

namespace postrider {
namespace {

TEST(Text, FoldsOnlyAsciiLetters) {
  EXPECT_EQ(to_lower("AZ[@`{\xC4z"), "az[@`{\xC4z");
  EXPECT_TRUE(equals_ignoring_case("Message-ID", "mESSAGE-id"));
  EXPECT_FALSE(equals_ignoring_case("a", "ab"));
  EXPECT_FALSE(equals_ignoring_case("@", "`"));
  EXPECT_FALSE(equals_ignoring_case("\xC4", "\xE4"));
  EXPECT_TRUE(starts_with_ignoring_case("List-Id", "LIST-"));
  EXPECT_FALSE(starts_with_ignoring_case("Lis", "list-"));
}

TEST(Text, TrimsBlanksAndTabsOnly) {
  EXPECT_EQ(trim_wsp(" \t a b\t "), "a b");
  EXPECT_EQ(trim_wsp(" \t "), "");
  EXPECT_EQ(trim_wsp("\r\n"), "\r\n");
}

TEST(Text, SeesANonAsciiOctetAtEachPlace) {
  for (std::size_t length = 0; length < 40; ++length) {
    std::string text(length, 'x');
    EXPECT_TRUE(is_ascii(text));
    for (std::size_t at = 0; at < length; ++at) {
      std::string marred = text;
      marred[at] = '\x80';
      EXPECT_FALSE(is_ascii(marred)) << length << " " << at;
    }
  }
}

TEST(Text, KnowsUtf8) {
  for (const char* good : {"", "abc", "\u00e4\u20ac\U0001F4EE", "\uFFFF", "\U0010FFFF", "\x7F"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80",
        "\xED\xBF\xBF", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF",
        "abc\xC3", "\xE2\x82", "\xC3(", "\xE2\x82\xAC\xAC"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

// The step decoder and the library's validator are two answers to one question.
TEST(Text, StepsAgreeWithTheValidator) {
  SeededRandom random(4);
  constexpr std::string_view awkward =
      "\x01\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC1\xC2\xDF\xE0\xE1\xEC\xED\xEE\xEF\xF0\xF1\xF3\xF4\xF5"
      "\xFF";
  for (int i = 0; i < 100'000; ++i) {
    std::string text;
    for (auto n = random.below(6) + 1; n > 0; --n) {
      text += awkward[random.below(awkward.size())];
    }
    bool good = true;
    std::string back;
    for (std::size_t at = 0; at < text.size();) {
      const Utf8Step step = decode_utf8(std::string_view(text).substr(at));
      good = good && step.code_point;
      append_utf8(back, step.code_point.value_or(0xFFFD));
      ASSERT_GE(step.octets, 1U);
      at += step.octets;
      ASSERT_LE(at, text.size());
    }
    ASSERT_EQ(good, is_utf8(text)) << "seed 4, " << i;
    ASSERT_TRUE(is_utf8(back)) << "seed 4, " << i;
    if (good) {
      ASSERT_EQ(back, text);
    }
  }
}

TEST(Text, AppendsOnlyScalarValues) {
  std::string out;
  append_utf8(out, 0xD800);
  append_utf8(out, 0x110000);
  append_utf8(out, 0x10FFFF);
  EXPECT_EQ(out, "\uFFFD\uFFFD\U0010FFFF");
}

TEST(Text, ParsesDecimals) {
  EXPECT_EQ(parse_decimal("0"), 0U);
  EXPECT_EQ(parse_decimal("007"), 7U);
  EXPECT_EQ(parse_decimal("18446744073709551615"), UINT64_MAX);
  for (const char* text : {"", "18446744073709551616", "99999999999999999999", "-1", "+1", " 1",
                           "1 ", "1a", "0x1", "\xB2"}) {
    EXPECT_EQ(parse_decimal(text), std::nullopt) << text;
  }
}

TEST(Text, SplitKeepsEmptyParts) {
  using Parts = std::vector<std::string_view>;
  EXPECT_EQ(split("", ','), Parts{""});
  EXPECT_EQ(split("a", ','), Parts{"a"});
  EXPECT_EQ(split(",a,,b,", ','), (Parts{"", "a", "", "b", ""}));
}

TEST(Text, NearestFindsWhatWasMeant) {
  const std::vector<std::string_view> keys = {"hostname", "data_dir", "address",
                                              "tls",      "max_age",  ""};
  EXPECT_EQ(nearest("hostnam", keys), "hostname");
  EXPECT_EQ(nearest("hsotname", keys), "hostname");
  EXPECT_EQ(nearest("Hostname", keys), "hostname");
  EXPECT_EQ(nearest("data-dir", keys), "data_dir");
  EXPECT_EQ(nearest("adress", keys), "address");
  EXPECT_EQ(nearest("tsl", keys), "tls");
  EXPECT_EQ(nearest("tls", keys), "tls");
  EXPECT_EQ(nearest("maxage", keys), "max_age");
}

TEST(Text, NearestIsSilentWhenNothingIsClose) {
  const std::vector<std::string_view> keys = {"hostname", "tls", "a"};
  EXPECT_EQ(nearest("completely", keys), std::nullopt);
  EXPECT_EQ(nearest("x", keys), std::nullopt);
  EXPECT_EQ(nearest("", keys), std::nullopt);
  EXPECT_EQ(nearest("abc", keys), std::nullopt);
  EXPECT_EQ(nearest("tls", {}), std::nullopt);
  EXPECT_EQ(nearest(std::string(100'000, 'h'), keys), std::nullopt);
}

TEST(Text, QuotedForLogIsOnePrintableLine) {
  EXPECT_EQ(quoted_for_log("250 \"ok\" \u00fcber"), "250 \"ok\" \u00fcber");
  EXPECT_EQ(quoted_for_log("a\r\nb\tc\\d"), "a\\r\\nb\\tc\\\\d");
  EXPECT_EQ(quoted_for_log(std::string_view("\0\x1B[2J\x7F", 6)), "\\x00\\x1b[2J\\x7f");
  EXPECT_EQ(quoted_for_log("\xFF\xC3("), "\\xff\\xc3(");
  EXPECT_EQ(quoted_for_log("\u0085\u2028"), "\\xc2\\x85\\xe2\\x80\\xa8");
  EXPECT_EQ(quoted_for_log("\u202Etxt.exe"), "\\xe2\\x80\\xaetxt.exe");
}

TEST(Text, QuotedForLogKeepsItsLimit) {
  EXPECT_EQ(quoted_for_log("abcdefgh", 8), "abcdefgh");
  EXPECT_EQ(quoted_for_log("abcdefghi", 8), "abcde...");
  EXPECT_EQ(quoted_for_log("abcd\u20ac\u20ac", 8), "abcd...");
  EXPECT_EQ(quoted_for_log("abc\r\n\r\n", 8), "abc\\r...");
  EXPECT_EQ(quoted_for_log("abcdef", 2), "..");
  EXPECT_EQ(quoted_for_log("abcdef", 0), "");
  SeededRandom random(5);
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random.below(40), '\0');
    random.fill(std::as_writable_bytes(std::span(text)));
    const std::size_t limit = random.below(50);
    const std::string quoted = quoted_for_log(text, limit);
    ASSERT_LE(quoted.size(), limit) << "seed 5";
    ASSERT_TRUE(is_utf8(quoted)) << "seed 5";
    for (const char c : quoted) {
      ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) << "seed 5";
    }
  }
}

}  // namespace
}  // namespace postrider
