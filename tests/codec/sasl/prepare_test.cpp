#include <gtest/gtest.h>
#include <string>

#include <postrider/codec/sasl/prepare.hpp>

namespace postrider::sasl {
namespace {

TEST(SaslPrepare, ExamplesOfRfc4013) {  // RFC 4013 3
  EXPECT_EQ(prepare("I\xC2\xADX"), "IX");
  EXPECT_EQ(prepare("user"), "user");
  EXPECT_EQ(prepare("USER"), "USER");
  EXPECT_EQ(prepare("\xC2\xAA"), "a");
  EXPECT_EQ(prepare("\xE2\x85\xA8"), "IX");
  EXPECT_EQ(prepare("\x07"), std::nullopt);
}

TEST(SaslPrepare, OneFormForWhatLooksTheSame) {
  EXPECT_EQ(prepare("a\xC2\xA0"
                    "b"),
            "a b");
  EXPECT_EQ(prepare("u\xCC\x88"), "\xC3\xBC");
  EXPECT_EQ(prepare("\xC3\xBC"), "\xC3\xBC");
  EXPECT_EQ(prepare("pass word"), "pass word");
}

TEST(SaslPrepare, RefusesWhatNobodyCanType) {
  for (const std::string& bad :
       {std::string(""), std::string("a\nb"), std::string("a\0b", 3), std::string("\x7f"),
        std::string("a\xff"), std::string("\xC2\xAD"), std::string("a\xE2\x80\xAE"),
        std::string("\xEE\x80\x80"), std::string("\xEF\xBF\xBF"), std::string("\xED\xA0\x80"),
        std::string(4097, 'a')}) {
    EXPECT_EQ(prepare(bad), std::nullopt) << bad.substr(0, 10);
  }
}

}  // namespace
}  // namespace postrider::sasl
