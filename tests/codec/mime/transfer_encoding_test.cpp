#include "../../instrumented.hpp"

#include <gtest/gtest.h>

#include <postrider/base/random.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/mime/transfer_encoding.hpp>

namespace postrider::mime {
namespace {

TEST(QuotedPrintable, EncodesWhatGatewaysHurt) {
  EXPECT_EQ(encode_quoted_printable("a = \u00e4\r\n"), "a =3D =C3=A4\r\n");
  EXPECT_EQ(encode_quoted_printable("trail \r\n\t\r\n"), "trail=20\r\n=09\r\n");
  EXPECT_EQ(encode_quoted_printable(".\r\nFrom x\r\nx From y\r\n..a"),
            "=2E\r\n=46rom x\r\nx From y\r\n=2E.a");
  EXPECT_EQ(encode_quoted_printable("bare\nLF\rCR"), "bare=0ALF=0DCR");
  EXPECT_EQ(encode_quoted_printable(""), "");
  EXPECT_EQ(encode_quoted_printable(std::string(76, 'a')), std::string(76, 'a'));
  EXPECT_EQ(encode_quoted_printable(std::string(77, 'a')), std::string(75, 'a') + "=\r\naa");
}

TEST(QuotedPrintable, DecodesTolerantly) {
  EXPECT_EQ(decode_quoted_printable("a=3Db=\r\nc  \r\n=e4"), "a=bc\r\n\xE4");
  EXPECT_EQ(decode_quoted_printable("=3"), "=3");
  EXPECT_EQ(decode_quoted_printable("=XY=3D"), "=XY=");
  EXPECT_EQ(decode_quoted_printable("soft= \r\nbreak"), "softbreak");
  EXPECT_EQ(decode_quoted_printable("end="), "end");
}

TEST(QuotedPrintable, RoundTripsInShortLines) {
  SeededRandom random(26);
  constexpr std::string_view alphabet("aFrom. \t=\r\n\xE4\0~", 15);
  for (int i = 0; i < (is_instrumented ? 500 : 5'000); ++i) {
    std::string text;
    for (auto n = random.below(300); n > 0; --n) {
      const char c = alphabet[random.below(alphabet.size())];
      text += c == '\n' ? std::string("\r\n") : std::string(1, c);
    }
    const std::string encoded = encode_quoted_printable(text);
    ASSERT_EQ(decode_quoted_printable(encoded), text) << "seed 26";
    ASSERT_TRUE(is_ascii(encoded));
    for (std::string_view line : split(encoded, '\n')) {
      line = line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
      ASSERT_LE(line.size(), 76U) << "seed 26";
      ASSERT_FALSE(line.starts_with('.') || line.starts_with("From ") || line.ends_with(' '))
          << "seed 26";
    }
  }
}

TEST(TransferEncoding, DecodesByName) {
  EXPECT_EQ(decode_transfer_encoding("", "a=3D"), "a=3D");
  EXPECT_EQ(decode_transfer_encoding("8BIT", "\xE4"), "\xE4");
  EXPECT_EQ(decode_transfer_encoding("Quoted-Printable", "a=3D"), "a=");
  EXPECT_EQ(decode_transfer_encoding("BASE64", encode_base64_lines(std::string(200, 'x'))),
            std::string(200, 'x'));
  EXPECT_EQ(decode_transfer_encoding("base64", "!"), std::nullopt);
  EXPECT_EQ(decode_transfer_encoding("x-uuencode", "a"), std::nullopt);
  EXPECT_EQ(encode_base64_lines(std::string(57, 'a')).size(), 78U);
}

}  // namespace
}  // namespace postrider::mime
