#include <gtest/gtest.h>

#include <postrider/base/base64.hpp>
#include <postrider/base/random.hpp>

namespace postrider {
namespace {

// RFC 4648 10.
TEST(Base64, KnowsTheVectors) {
  const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"foobar", "Zm9vYmFy"},
                                                      {"\xFB\xFF", "+/8="}};
  for (const auto& [octets, text] : rows) {
    EXPECT_EQ(encode_base64(octets), text);
    EXPECT_EQ(decode_base64(text), octets);
  }
}

TEST(Base64, IsStrict) {
  for (const char* text :
       {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8", "=", "====", "Z===", "Zg==Zg==", "Zm9v\n",
        "Zm 9v", "Zm9-", "Zm9_", "Zm=v", "Z=9v", "Zm9\xFF", "Zm8=Zm9v"}) {
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  }
  EXPECT_EQ(decode_base64(std::string_view("Zm9\0", 4)), std::nullopt);
}

TEST(Base64, FoldedSkipsWhiteSpaceAndNothingElse) {
  EXPECT_EQ(decode_base64_folded(" Z m\t9\r\n v\r\n"), "foo");
  EXPECT_EQ(decode_base64_folded("Zg\r\n =\r\n =\r\n"), "f");
  EXPECT_EQ(decode_base64_folded(" \r\n"), "");
  EXPECT_EQ(decode_base64_folded("Zm9v!"), std::nullopt);
  EXPECT_EQ(decode_base64_folded("Zg"), std::nullopt);
}

TEST(Base64, RoundTrips) {
  SeededRandom random(6);
  for (int i = 0; i < 5'000; ++i) {
    std::string octets(random.below(100), '\0');
    random.fill(std::as_writable_bytes(std::span(octets)));
    ASSERT_EQ(decode_base64(encode_base64(octets)), octets) << "seed 6";
    ASSERT_EQ(decode_hex(encode_hex(octets)), octets) << "seed 6";
  }
}

TEST(Hex, TakesBothCasesAndOnlyHex) {
  EXPECT_EQ(encode_hex(std::string_view("\x00\xAB\x7F", 3)), "00ab7f");
  EXPECT_EQ(decode_hex("aBCd"), "\xAB\xCD");
  EXPECT_EQ(decode_hex(""), "");
  for (const char* text : {"a", "abc", "0g", "g0", "0x", " 0", "0\n"}) {
    EXPECT_EQ(decode_hex(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace postrider
