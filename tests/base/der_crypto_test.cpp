#include <gtest/gtest.h>
#include <string>

#include <postrider/base/der.hpp>
#include <postrider/base/pem.hpp>

namespace postrider {
namespace {

using namespace std::string_literals;

TEST(DerReader, ReadsBackWhatIsEncoded) {
  for (std::size_t size : {0, 1, 127, 128, 255, 256, 65535, 65536, 100'000}) {
    const std::string content(size, 'x');
    const auto der = encode_der(der_tag::octet_string, content) + "rest";
    DerReader reader(der);
    EXPECT_FALSE(reader.next(der_tag::sequence).has_value());
    const auto element = reader.next(der_tag::octet_string);
    ASSERT_TRUE(element.has_value()) << size;
    EXPECT_EQ(element->content, content);
    EXPECT_EQ(element->whole.size(), der.size() - 4);
    EXPECT_EQ(reader.peek(), std::uint8_t{'r'});
  }
}

TEST(DerReader, RefusesWhatIsNotDer) {
  for (const auto& octets : {
           ""s, "\x30"s, "\x30\x01"s,                                       // cut
           "\x30\x80\x00\x00"s,                                             // indefinite length
           "\x30\x81\x01x"s, "\x30\x82\x00\x81"s + std::string(0x81, 'x'),  // not the shortest form
           "\x30\x84\xff\xff\xff\xffxx"s,                                   // longer than there is
           "\x30\x85\x01\x00\x00\x00\x00"s,  // more than four octets of length
           "\x1f\x81\x01\x00"s,              // a tag of several octets
       }) {
    EXPECT_FALSE(DerReader(octets).next().has_value());
  }
}

TEST(Pem, ReadsBackWhatIsEncoded) {
  const auto text = encode_pem("CERTIFICATE", std::string(100, 'a')) + "words between\n" +
                    encode_pem("PRIVATE KEY", "b");
  const auto blocks = parse_pem(text);
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_EQ(blocks[0].label, "CERTIFICATE");
  EXPECT_EQ(blocks[0].der, std::string(100, 'a'));
  EXPECT_EQ(blocks[1].label, "PRIVATE KEY");
  EXPECT_EQ(blocks[1].der, "b");
}

TEST(Pem, TakesCrLfAndSkipsBrokenBlocks) {
  auto crlf = encode_pem("X", std::string(80, 'a'));
  for (std::size_t at = 0; (at = crlf.find('\n', at)) != std::string::npos; at += 2) {
    crlf.replace(at, 1, "\r\n");
  }
  const auto blocks = parse_pem("-----BEGIN X-----\n!!!!\n-----END X-----\n-----BEGIN Y-----\n" +
                                encode_pem("Z", "z") + crlf + "-----BEGIN X-----\nYQ==\n");
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_EQ(blocks[0].der, "z");
  EXPECT_EQ(blocks[1].der, std::string(80, 'a'));
}

TEST(Pem, MarksBlocksWithAPassPhrase) {
  const auto blocks = parse_pem(
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nYWJj\n"
      "-----END RSA PRIVATE KEY-----\n");
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_TRUE(blocks[0].is_encrypted);
}

}  // namespace
}  // namespace postrider
