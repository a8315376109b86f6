#include <gtest/gtest.h>

#include <postrider/base/text.hpp>
#include <postrider/codec/dkim/key_record.hpp>
#include <postrider/codec/dkim/limits.hpp>

namespace postrider::dkim {
namespace {

TEST(DkimKeyRecord, RoundTrips) {
  for (const auto algorithm : {KeyAlgorithm::rsa, KeyAlgorithm::ed25519}) {
    const std::string text = encode_key_record(algorithm, "key octets");
    EXPECT_EQ(parse_key_record(text), (KeyRecord{algorithm, "key octets", false, false}));
  }
  EXPECT_EQ(encode_key_record(KeyAlgorithm::ed25519, "abc"), "v=DKIM1; k=ed25519; p=YWJj");
}

TEST(DkimKeyRecord, ParsesWhatDomainsPublish) {
  EXPECT_EQ(parse_key_record("p=YWJj"), (KeyRecord{KeyAlgorithm::rsa, "abc", false, false}));
  EXPECT_EQ(parse_key_record("v=DKIM1;p="), (KeyRecord{KeyAlgorithm::rsa, "", false, false}));
  EXPECT_EQ(parse_key_record("v=DKIM1; h=sha1:sha256; s=*; t=y:s; n=note; p=YW Jj;"),
            (KeyRecord{KeyAlgorithm::rsa, "abc", true, true}));
  EXPECT_EQ(parse_key_record("k=rsa; s=other : email; p=YWJj; unknown=x")->public_key, "abc");
}

TEST(DkimKeyRecord, RefusesTheRest) {
  const std::pair<const char*, KeyRecordError> rows[] = {
      {"", KeyRecordError::malformed},
      {"v=spf1 -all", KeyRecordError::malformed},
      {"v=DKIM2; p=YWJj", KeyRecordError::malformed},
      {"p=YWJj; v=DKIM1", KeyRecordError::malformed},
      {"v=DKIM1", KeyRecordError::malformed},
      {"p=YWJ", KeyRecordError::malformed},
      {"p=YWJj; p=YWJj", KeyRecordError::malformed},
      {"k=dsa; p=YWJj", KeyRecordError::unsupported_key},
      {"h=sha1; p=YWJj", KeyRecordError::unsupported_hash},
      {"s=tlsrpt; p=YWJj", KeyRecordError::unsupported_service},
  };
  for (const auto& [text, error] : rows) {
    const auto record = parse_key_record(text);
    ASSERT_FALSE(record) << text;
    EXPECT_EQ(record.error(), error) << text;
  }
}

TEST(DkimKeyRecord, SplitsIntoStringsOfATxtRecord) {
  EXPECT_EQ(split_txt(""), std::vector<std::string>{""});
  EXPECT_EQ(split_txt(std::string(255, 'a')).size(), 1U);
  const std::string text = std::string(255, 'a') + std::string(255, 'b') + "c";
  const auto strings = split_txt(text);
  ASSERT_EQ(strings.size(), 3U);
  EXPECT_EQ(strings[0] + strings[1] + strings[2], text);
  EXPECT_EQ(strings[0].size(), txt_string_octets);
}

TEST(DkimKeyRecord, WritesAZoneLine) {
  EXPECT_EQ(encode_zone_line(key_record_name("s1", "example.org"), "v=DKIM1; n=\"\\; p=YWJj"),
            "s1._domainkey.example.org. IN TXT \"v=DKIM1; n=\\\"\\\\; p=YWJj\"");
  EXPECT_EQ(encode_zone_line("a", std::string(256, 'x')),
            "a. IN TXT \"" + std::string(255, 'x') + "\" \"x\"");
}

}  // namespace
}  // namespace postrider::dkim
