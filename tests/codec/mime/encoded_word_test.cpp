#include <gtest/gtest.h>

#include <postrider/base/random.hpp>
#include <postrider/base/text.hpp>
#include <postrider/base/utf8.hpp>
#include <postrider/codec/mime/encoded_word.hpp>
#include <postrider/codec/mime/limits.hpp>

namespace postrider::mime {
namespace {

TEST(EncodedWord, DecodesTheExamplesOfTheStandard) {
  // RFC 2047 8
  const std::pair<const char*, const char*> rows[] = {
      {"=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"},
      {"=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld J\u00f8rn Simonsen"},
      {"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=", "If you can read this yo"},
      {"=?ISO-8859-1?Q?a?=", "a"},
      {"=?ISO-8859-1?Q?a?= b", "a b"},
      {"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"},
      {"=?ISO-8859-1?Q?a?=  \r\n \t=?ISO-8859-1?Q?b?=", "ab"},
      {"=?ISO-8859-1?Q?a_b?=", "a b"},
      {"=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a =?ISO-8859-2?Q?_b?="},
  };
  for (const auto& [text, decoded] : rows) {
    EXPECT_EQ(decode_words(text), decoded) << text;
  }
}

TEST(EncodedWord, DecodesWhatSendersReallySend) {
  const std::pair<const char*, const char*> rows[] = {
      {"=?utf-8?q?=c3=a4?=", "\u00e4"},
      {"=?UTF-8*de?Q?=C3=A4?=", "\u00e4"},
      {"=?UTF-8?B?w6Q?=", "\u00e4"},                  // no padding
      {"=?UTF-8?Q?=C3?= =?UTF-8?Q?=A4?=", "\u00e4"},  // a character in two words
      {"=?UTF-8?Q?=C3?= =?ISO-8859-1?Q?=E4?=", "\uFFFD\u00e4"},
      {"=?windows-1252?Q?=80=93=81?=", "\u20ac\u201c\uFFFD"},
      {"a =?UTF-8?Q?b?= c", "a b c"},
      {"a=?UTF-8?Q?b?=c", "abc"},
      {"=?UTF-8?Q?\?=x", "x"},
      {"raw \xC3\xA4 and \xE4", "raw \u00e4 and \uFFFD"},
      {"", ""},
  };
  for (const auto& [text, decoded] : rows) {
    EXPECT_EQ(decode_words(text), decoded) << text;
  }
}

TEST(EncodedWord, LeavesWhatIsNone) {
  for (const char* text :
       {"=?", "=?\?=", "=?UTF-8?=", "=?UTF-8?Q?", "=?UTF-8?Q?a", "=?UTF-8?Q?a?",
        "=?UTF-8?X?a?=", "=?UTF-8?Q?a b?=", "=?UTF-8?Q?=G0?=", "=?UTF-8?Q?=C?=", "=?UTF-8?B?!?=",
        "=?x?Q?a?=", "=?UTF-8?QQ?a?=", "??Q?a?=", "=?=?=?=?="}) {
    EXPECT_EQ(decode_words(text), text);
  }
}

TEST(EncodedWord, ChoosesTheShorterEncoding) {
  EXPECT_EQ(encode_words("Gr\u00fcezi, all of you", 0), "=?UTF-8?Q?Gr=C3=BCezi=2C_all_of_you?=");
  EXPECT_EQ(encode_words("\u65e5\u672c\u8a9e", 0), "=?UTF-8?B?5pel5pys6Kqe?=");
  EXPECT_EQ(encode_words("", 0), "");
  EXPECT_EQ(encode_words("a\xE4", 0), "=?UTF-8?B?Ye+/vQ==?=");
}

TEST(EncodedWord, RoundTripsWithinTheLengthsOfTheStandard) {
  SeededRandom random(24);
  for (int i = 0; i < 5'000; ++i) {
    std::string text;
    const auto kind = random.below(3);
    for (auto n = random.below(120); n > 0; --n) {
      const char32_t wide[] = {0xE4, 0x20AC, 0x65E5, 0x1F4EE, 0x7F, 1, '?', '=', ' '};
      append_utf8(text, kind == 0 || random.below(3) < kind
                            ? static_cast<char32_t>(random.below(95) + 32)
                            : wide[random.below(9)]);
    }
    // Outer blanks are the field's, not the text's.
    text = "x" + text + "x";
    const std::size_t column = random.below(100);
    const std::string encoded = encode_words(text, column);
    ASSERT_EQ(decode_words(encoded), text) << "seed 24";
    std::size_t first = column;
    for (std::string_view line : split(encoded, '\n')) {
      if (line.ends_with('\r')) {
        line.remove_suffix(1);
      }
      ASSERT_TRUE(first > 50 || first + line.size() <= fold_column) << "seed 24: " << encoded;
      for (const std::string_view word : split(trim_wsp(line), ' ')) {
        ASSERT_LE(word.size(), encoded_word_octets) << "seed 24";
        // No character is split: each word decodes by itself.
        ASSERT_EQ(decode_words(word).find("\uFFFD"), std::string::npos) << "seed 24";
      }
      first = 0;
    }
  }
}

}  // namespace
}  // namespace postrider::mime
