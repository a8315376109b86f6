#include <gtest/gtest.h>
#include <string>

#include <postrider/codec/smtp/reply.hpp>

namespace postrider::smtp {
namespace {

std::string encoded(const Reply& reply) {
  std::string out;
  encode_reply(reply, out);
  return out;
}

TEST(SmtpReply, OneLineAndSeveral) {
  EXPECT_EQ(encoded({250, {2, 1, 0}, "Ok"}), "250 2.1.0 Ok\r\n");
  EXPECT_EQ(encoded({354, {}, "Go ahead"}), "354 Go ahead\r\n");
  EXPECT_EQ(encoded({250, {}, "a\nb\nc"}), "250-a\r\n250-b\r\n250 c\r\n");
  EXPECT_EQ(encoded({550, {5, 7, 1}, "no\nreally"}), "550-5.7.1 no\r\n550 5.7.1 really\r\n");
  EXPECT_EQ(encoded({334, {}, ""}), "334 \r\n");
  EXPECT_EQ(encoded({250, {2, 0, 0}, ""}), "250 2.0.0\r\n");
}

TEST(SmtpReply, NoOctetOfTheTextMakesAnotherReply) {
  EXPECT_EQ(encoded({550, {5, 7, 1}, "a\r250 x"}), "550 5.7.1 a 250 x\r\n");
  EXPECT_EQ(encoded({550, {}, std::string("a\0b\tc\x7f", 6)}), "550 a b c \r\n");
}

TEST(SmtpReply, LongTextIsFoldedUnderTheLimit) {  // RFC 5321 4.5.3.1.5
  for (const std::string& text :
       {std::string(2000, 'x'), std::string(300, 'x') + ' ' + std::string(300, 'y'), [] {
          std::string s;
          while (s.size() < 1500) {
            s += "\xC3\xB6";
          }
          return s;
        }()}) {
    const std::string out = encoded({550, {5, 7, 1}, text});
    std::size_t begin = 0;
    std::size_t octets = 0;
    while (begin < out.size()) {
      const std::size_t end = out.find("\r\n", begin);
      ASSERT_NE(end, std::string::npos);
      EXPECT_LE(end + 2 - begin, 512U);
      const bool last = end + 2 == out.size();
      EXPECT_EQ(out.substr(begin, 10), last ? "550 5.7.1 " : "550-5.7.1 ");
      EXPECT_NE(static_cast<unsigned char>(out[begin + 10]) & 0xc0, 0x80)
          << "cut inside a character";
      octets += end - begin - 10;
      begin = end + 2;
    }
    EXPECT_GE(octets + 1, text.size());
  }
}

}  // namespace
}  // namespace postrider::smtp
