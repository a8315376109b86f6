#include <gtest/gtest.h>
#include <string>

#include <postrider/base/base64.hpp>
#include <postrider/base/digest.hpp>
#include <postrider/base/hmac.hpp>

namespace postrider {
namespace {

std::string hex(const Sha256Digest& digest) {
  return encode_hex(digest.view());
}

// FIPS 180-4's examples.
TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotCareWhereThePiecesAreCut) {
  const std::string text(300, 'x');
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256 hash;
    hash.update(std::string_view(text).substr(0, cut));
    hash.update(std::string_view(text).substr(cut));
    EXPECT_EQ(hash.finish(), sha256(text)) << cut;
  }
}

TEST(Sha256, StartsAnewAfterFinish) {
  Sha256 hash;
  hash.update("left over");
  (void)hash.finish();
  hash.update("abc");
  EXPECT_EQ(hash.finish(), sha256("abc"));
}

TEST(Sha256, ACopyIsASnapshot) {
  Sha256 hash;
  hash.update("ab");
  auto copy = hash;
  hash.update("c");
  copy.update("d");
  EXPECT_EQ(hash.finish(), sha256("abc"));
  EXPECT_EQ(copy.finish(), sha256("abd"));
  copy.update("other");
  copy = hash;
  copy.update("z");
  EXPECT_EQ(copy.finish(), sha256("z"));
}

// RFC 4231 4.2, 4.3, 4.7: a short key, a key shorter than the output, one longer than a block.
TEST(HmacSha256, GivesThePublishedCodes) {
  EXPECT_EQ(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xaa'),
                            "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, KeepsItsKeyAcrossFinish) {
  HmacSha256 hmac("Jefe");
  hmac.update("something else");
  (void)hmac.finish();
  hmac.update("what do ya want ");
  hmac.update("for nothing?");
  EXPECT_EQ(hmac.finish(), hmac_sha256("Jefe", "what do ya want for nothing?"));
}

TEST(HmacSha256, TakesAnEmptyKey) {
  EXPECT_EQ(hex(hmac_sha256({}, {})),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// RFC 7914 11.
TEST(Pbkdf2, GivesThePublishedKeys) {
  EXPECT_EQ(hex(pbkdf2_hmac_sha256("passwd", "salt", 1)),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
  EXPECT_EQ(hex(pbkdf2_hmac_sha256("Password", "NaCl", 80000)),
            "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56");
}

TEST(ConstantTimeEqual, IsEquality) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("secret", "secret"));
  EXPECT_FALSE(constant_time_equal("secret", "secres"));
  EXPECT_FALSE(constant_time_equal("tecret", "secret"));
  EXPECT_FALSE(constant_time_equal("secret", "secre"));
  EXPECT_FALSE(constant_time_equal("", "s"));
}

TEST(Wipe, OverwritesTheOctets) {
  std::string secret = "secret";
  wipe(secret.data(), secret.size());
  EXPECT_EQ(secret, std::string(6, '\0'));
}

}  // namespace
}  // namespace postrider
