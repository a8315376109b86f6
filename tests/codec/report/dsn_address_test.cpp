#include <gtest/gtest.h>

#include <postrider/base/random.hpp>
#include <postrider/base/text.hpp>
#include <postrider/base/utf8.hpp>
#include <postrider/codec/report/dsn_address.hpp>

namespace postrider::report {
namespace {

TEST(DsnAddress, TakesTheTypeThatFits) {
  EXPECT_EQ(make_dsn_address("a@b"), (DsnAddress{"rfc822", "a@b"}));
  EXPECT_EQ(make_dsn_address("\u00e4@b"), (DsnAddress{"utf-8", "\u00e4@b"}));
}

// RFC 6533 3
TEST(DsnAddress, EscapesWhatIsNoPlainCharacter) {
  EXPECT_EQ(encode_utf8_addr_xtext("\u00e4+=\\ \u65e5\U0001F4EE\x7F@b"),
            "\\x{E4}\\x{2B}\\x{3D}\\x{5C}\\x{20}\\x{65E5}\\x{1F4EE}\\x{7F}@b");
  EXPECT_EQ(encode_utf8_addr_unitext("\u00e4+\u65e5\u0085@b"), "\u00e4\\x{2B}\u65e5\\x{85}@b");
  EXPECT_EQ(encode_utf8_addr_xtext("\xE4"), "\\x{FFFD}");
  EXPECT_EQ(encode_utf8_addr_xtext(""), "");
}

TEST(DsnAddress, RefusesMalformedEscapes) {
  EXPECT_EQ(decode_utf8_addr("a\\x{e4}b"), "a\u00e4b");
  for (const char* text : {"\\", "\\x", "\\x{", "\\x{}", "\\x{G}", "\\x{E4", "\\X{E4}", "\\x{D800}",
                           "\\x{110000}", "\\x{0000041}", "\\x{0}", "a\\b", "\xE4", "\\x{-1}"}) {
    EXPECT_EQ(decode_utf8_addr(text), std::nullopt) << text;
  }
}

TEST(DsnAddress, RoundTrips) {
  SeededRandom random(40);
  for (int i = 0; i < 5'000; ++i) {
    std::string address;
    for (auto n = random.below(12); n > 0; --n) {
      append_utf8(address, static_cast<char32_t>(random.below(1ULL << (random.below(17) + 4)) + 1));
    }
    const std::string xtext = encode_utf8_addr_xtext(address);
    ASSERT_TRUE(is_ascii(xtext));
    ASSERT_EQ(decode_utf8_addr(xtext), address) << "seed 40";
    ASSERT_EQ(decode_utf8_addr(encode_utf8_addr_unitext(address)), address) << "seed 40";
  }
}

}  // namespace
}  // namespace postrider::report
