#include <gtest/gtest.h>

#include <postrider/base/base64.hpp>
#include <postrider/codec/dkim/limits.hpp>
#include <postrider/codec/dkim/signature.hpp>

namespace postrider::dkim {
namespace {

const std::string hash = "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=";

// A good signature with one tag exchanged, or left out if `value` is nullptr.
std::string with(std::string_view tag, const char* value) {
  std::vector<std::pair<std::string, std::string>> tags = {{"v", "1"},
                                                           {"a", "rsa-sha256"},
                                                           {"c", "relaxed/simple"},
                                                           {"d", "example.org"},
                                                           {"s", "s1"},
                                                           {"t", "100"},
                                                           {"x", "200"},
                                                           {"h", "From : To:to"},
                                                           {"bh", hash},
                                                           {"b", "YWJj"},
                                                           {"i", "u@mail.example.org"}};
  std::string text;
  bool found = false;
  for (auto& [name, old] : tags) {
    if (name == tag) {
      found = true;
      if (value == nullptr) {
        continue;
      }
      old = value;
    }
    text += name + "=" + old + "; ";
  }
  return found ? text : text + std::string(tag) + "=" + value + ";";
}

TEST(DkimSignature, ParsesAllTags) {
  const auto signature = parse_signature(with("l", "10"));
  ASSERT_TRUE(signature);
  EXPECT_EQ(signature->algorithm, KeyAlgorithm::rsa);
  EXPECT_EQ(signature->header, Canonicalization::relaxed);
  EXPECT_EQ(signature->body, Canonicalization::simple);
  EXPECT_EQ(signature->domain, "example.org");
  EXPECT_EQ(signature->selector, "s1");
  EXPECT_EQ(signature->identity, "u@mail.example.org");
  EXPECT_EQ(signature->signed_headers, (std::vector<std::string>{"From", "To", "to"}));
  EXPECT_EQ(signature->body_hash.size(), 32U);
  EXPECT_EQ(signature->signature, "abc");
  EXPECT_EQ(signature->timestamp, 100U);
  EXPECT_EQ(signature->expiry, 200U);
  EXPECT_EQ(signature->body_length, 10U);
}

TEST(DkimSignature, HasDefaults) {
  EXPECT_EQ(parse_signature(with("i", nullptr))->identity, "@example.org");
  EXPECT_EQ(parse_signature(with("c", nullptr))->header, Canonicalization::simple);
  EXPECT_EQ(parse_signature(with("c", "relaxed"))->body, Canonicalization::simple);
  EXPECT_EQ(parse_signature(with("t", nullptr))->timestamp, std::nullopt);
  EXPECT_EQ(parse_signature(with("i", "a=3Bb=20=\r\n 41@EXAMPLE.org"))->identity,
            "a;b A@EXAMPLE.org");
  EXPECT_EQ(parse_signature(with("q", "x : dns/txt"))->selector, "s1");
}

TEST(DkimSignature, RefusesWhatProvesNothing) {
  const struct {
    const char* tag;
    const char* value;
    SignatureError error;
  } rows[] = {
      {"v", "2", SignatureError::unsupported_version},
      {"v", nullptr, SignatureError::missing_tag},
      {"a", nullptr, SignatureError::missing_tag},
      {"b", nullptr, SignatureError::missing_tag},
      {"bh", nullptr, SignatureError::missing_tag},
      {"d", nullptr, SignatureError::missing_tag},
      {"h", nullptr, SignatureError::missing_tag},
      {"s", nullptr, SignatureError::missing_tag},
      {"a", "rsa-sha1", SignatureError::unsupported_algorithm},
      {"a", "none", SignatureError::unsupported_algorithm},
      {"c", "nowsp", SignatureError::malformed},
      {"c", "simple/", SignatureError::malformed},
      {"d", "", SignatureError::malformed},
      {"d", "a..b", SignatureError::malformed},
      {"d", ".a", SignatureError::malformed},
      {"d", "a.", SignatureError::malformed},
      {"d", "a/b", SignatureError::malformed},
      {"s", "a b", SignatureError::malformed},
      {"bh", "YWJj", SignatureError::malformed},
      {"bh", "!", SignatureError::malformed},
      {"b", "", SignatureError::malformed},
      {"b", "YWJ", SignatureError::malformed},
      {"h", "", SignatureError::malformed},
      {"h", "From::To", SignatureError::malformed},
      {"h", "To", SignatureError::from_not_signed},
      {"t", "-1", SignatureError::malformed},
      {"t", "200", SignatureError::malformed},
      {"x", "99999999999999999999", SignatureError::malformed},
      {"l", "1x", SignatureError::malformed},
      {"q", "dns/any", SignatureError::unsupported_query},
      {"i", "example.org", SignatureError::malformed},
      {"i", "a=zz@example.org", SignatureError::malformed},
      {"i", "@example.com", SignatureError::identity_mismatch},
      {"i", "@notexample.org", SignatureError::identity_mismatch},
      {"i", "@org", SignatureError::identity_mismatch},
  };
  for (const auto& row : rows) {
    const auto signature = parse_signature(with(row.tag, row.value));
    ASSERT_FALSE(signature) << row.tag << "=" << (row.value == nullptr ? "(none)" : row.value);
    EXPECT_EQ(signature.error(), row.error)
        << row.tag << "=" << (row.value == nullptr ? "(none)" : row.value);
  }
  EXPECT_EQ(parse_signature("").error(), SignatureError::malformed);
  EXPECT_FALSE(describe(SignatureError::from_not_signed).empty());
}

TEST(DkimSignature, IsNoLongerThanAnyKeyMakesIt) {
  const auto of_octets = [](std::size_t octets) {
    return parse_signature(with("b", encode_base64(std::string(octets, 'x')).c_str()));
  };
  EXPECT_TRUE(of_octets(max_signature_octets));
  EXPECT_FALSE(of_octets(max_signature_octets + 1));
}

// RFC 8617 4.1.2.
TEST(DkimSignature, OfArcHasNoVersionAndANumberForItsIdentity) {
  const std::string text =
      "i=3; a=rsa-sha256; d=example.org; s=s1; h=From; bh=" + hash + "; b=YWJj";
  EXPECT_FALSE(parse_signature(text));
  const auto signature = parse_signature(text, SignatureKind::arc);
  ASSERT_TRUE(signature);
  EXPECT_EQ(signature->identity, "@example.org");
  EXPECT_TRUE(parse_signature("v=2; " + text, SignatureKind::arc));
  EXPECT_FALSE(parse_signature("a=rsa-sha256; d=example.org", SignatureKind::arc));
}

}  // namespace
}  // namespace postrider::dkim
