#include <gtest/gtest.h>
#include <string>

#include <postrider/codec/imap/charset.hpp>
#include <postrider/codec/imap/sort_key.hpp>
#include <postrider/codec/imap/text_match.hpp>

namespace postrider::imap {
namespace {

TEST(ImapTextMatch, FindsInAnyCase) {  // RFC 5255 (I18NLEVEL=1)
  EXPECT_TRUE(TextNeedle("world").is_in("Hello WORLD!"));
  EXPECT_FALSE(TextNeedle("world").is_in("Hello"));
  EXPECT_TRUE(TextNeedle("").is_in(""));
  EXPECT_FALSE(TextNeedle("x").is_in(""));
  EXPECT_TRUE(TextNeedle("M\xC3\x9CLLER").is_in("Herr m\xC3\xBCller"));
  EXPECT_TRUE(TextNeedle("mu\xCC\x88ller").is_in("M\xC3\x9CLLER"));
  EXPECT_TRUE(TextNeedle("\xD0\xBF\xD1\x80\xD0\xB8").is_in("\xD0\x9F\xD0\xA0\xD0\x98\xD0\x92"));
}

TEST(ImapTextMatch, FindsAcrossItsPieces) {
  for (std::size_t lead = 65'500; lead < 65'560; ++lead) {
    const std::string text =
        std::string(lead, 'x') + "na\xC3\xAFve caf\xC3\xA9" + std::string(99, 'y');
    EXPECT_TRUE(TextNeedle("NA\xC3\x8FVE CAF\xC3\x89").is_in(text)) << lead;
    EXPECT_FALSE(TextNeedle("caff").is_in(text)) << lead;
  }
  TextSearch search(casemap("needle"));
  EXPECT_FALSE(search.feed("nee"));
  EXPECT_FALSE(search.feed("d"));
  EXPECT_TRUE(search.feed("les"));
  EXPECT_TRUE(search.feed(""));
}

TEST(ImapTextMatch, DecodesBodiesAndFields) {
  EXPECT_EQ(decoded_text("base64", "utf-8", "w7w=\r\n"), "\xC3\xBC");
  EXPECT_EQ(decoded_text("quoted-printable", "iso-8859-1", "=FC"), "\xC3\xBC");
  EXPECT_EQ(decoded_text("", "", "plain"), "plain");
  EXPECT_EQ(decoded_text("x-unknown", "x-unknown", "a\xFF"), "a\xEF\xBF\xBD");
  EXPECT_EQ(decoded_text("base64", "utf-8", "*"), "*");
  EXPECT_EQ(decoded_field("=?UTF-8?Q?=C3=BC?=\r\n x"), "\xC3\xBC x");
}

TEST(ImapCharset, ReadsThoseThatMailIsWrittenIn) {
  const struct {
    std::string_view charset;
    std::string_view octets;
    std::string_view utf8;
  } rows[] = {
      {"utf-8", "\xC3\xBC", "\xC3\xBC"},
      {"US-ASCII", "a\xC3\xBC", "a\xC3\xBC"},
      {"UTF8", "\xC3", "\xEF\xBF\xBD"},
      {"iso-8859-1", "\xFC\x80", "\xC3\xBC\xE2\x82\xAC"},
      {"koi8-r", "\xC4\xC1", "\xD0\xB4\xD0\xB0"},
      {"GB2312", "\xC4\xE3", "\xE4\xBD\xA0"},
      {"Shift_JIS", "\x93\xFA", "\xE6\x97\xA5"},
      {"iso-2022-jp", "\x1B$BF|\x1B(B", "\xE6\x97\xA5"},
      {"euc-kr", "\xC7\xD1", "\xED\x95\x9C"},
      {"utf-16be", std::string_view("\x00\xFC", 2), "\xC3\xBC"},
      {"utf-7", "+APw-", "\xC3\xBC"},
      {"shift_jis", "a\x93", "a\xEF\xBF\xBD"},
      {"euc-jp",
       "\xFF"
       "a",
       "\xEF\xBF\xBD"
       "a"},
  };
  for (const auto& row : rows) {
    EXPECT_TRUE(is_known_charset(row.charset));
    EXPECT_EQ(to_utf8(row.charset, row.octets), row.utf8) << row.charset;
  }
  for (const std::string_view name : {"", "x", "../../x", "UTF-8//IGNORE", "utf-32"}) {
    EXPECT_FALSE(is_known_charset(name)) << name;
    EXPECT_EQ(to_utf8(name, "a"), std::nullopt);
  }
}

}  // namespace
}  // namespace postrider::imap
