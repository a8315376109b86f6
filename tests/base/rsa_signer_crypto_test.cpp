#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <postrider/base/digest.hpp>
#include <postrider/base/pem.hpp>
#include <postrider/base/rsa_signer.hpp>

namespace postrider {
namespace {

// DigestInfo of SHA-256 without the digest (RFC 8017 9.2, note 1).
const std::string digest_info{
    "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20", 19};

std::string der_of(const SigningKey& key) {
  return parse_pem(key.encode_pem()).at(0).der;
}

RsaSigner signer_of(const SigningKey& key) {
  auto signer = RsaSigner::parse_der(der_of(key));
  EXPECT_TRUE(signer.has_value()) << describe(signer.error());
  return std::move(*signer);
}

// What `openssl` says of a signature of `digest`, with these options of pkeyutl.
std::string verdict_of_openssl(const SigningKey& key, std::string_view digest,
                               std::string_view signature, const std::string& options) {
  const auto base = testing::TempDir() + "postrider_rsa_" + std::to_string(getpid());
  const auto write = [&](const char* suffix, std::string_view text) {
    std::ofstream(base + suffix, std::ios::binary) << text;
  };
  write(".pub", encode_pem("PUBLIC KEY", key.encode_public()));
  write(".digest", digest);
  write(".sig", signature);
  FILE* pipe = popen(("openssl pkeyutl -verify -pubin -inkey " + base + ".pub -in " + base +
                      ".digest -sigfile " + base + ".sig " + options + " 2>&1")
                         .c_str(),
                     "r");
  char piece[256];
  std::string output(piece, fread(piece, 1, sizeof piece, pipe));
  pclose(pipe);
  for (const auto* suffix : {".pub", ".digest", ".sig"}) {
    (void)std::remove((base + suffix).c_str());  // only tidiness is at stake
  }
  return output;
}

TEST(RsaSigner, SignsWhatTheOtherLibraryFindsRight) {
  for (const unsigned bits : {1024U, 2048U, 3072U, 4096U}) {
    const auto key = SigningKey::generate_rsa(bits);
    ASSERT_TRUE(key.has_value());
    const RsaSigner signer = signer_of(*key);
    EXPECT_EQ(signer.signature_octets(), bits / 8);
    const auto signature = signer.sign_pkcs1(digest_info + std::string(sha256("it").view()));
    ASSERT_TRUE(signature.has_value());
    const auto open = PublicKey::parse_rsa(key->encode_public());
    EXPECT_TRUE(open->is_signature_of(sha256("it"), *signature)) << bits;
    EXPECT_FALSE(open->is_signature_of(sha256("that"), *signature)) << bits;
    EXPECT_EQ(*key->sign_digest(sha256("it")), *signature) << bits;
  }
}

TEST(RsaSigner, SignsForTls13AsOpensslWantsIt) {
  const auto key = SigningKey::generate_rsa(2048);
  const RsaSigner signer = signer_of(*key);
  for (const auto& [hash, octets] : {std::pair("sha256", 32), {"sha384", 48}, {"sha512", 64}}) {
    const std::string digest(static_cast<std::size_t>(octets), 'd');
    const auto signature = signer.sign_pss(digest);
    ASSERT_TRUE(signature.has_value()) << hash;
    const std::string options = std::string("-pkeyopt digest:") + hash +
                                " -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest"
                                " -pkeyopt rsa_mgf1_md:" +
                                hash;
    EXPECT_EQ(verdict_of_openssl(*key, digest, *signature, options),
              "Signature Verified Successfully\n");
    // The salt is drawn anew.
    EXPECT_NE(*signer.sign_pss(digest), *signature);
  }
  EXPECT_FALSE(signer.sign_pss("no digest").has_value());
}

TEST(RsaSigner, RefusesWhatIsNoRsaKey) {
  EXPECT_EQ(RsaSigner::parse_der("").error(), KeyError::malformed);
  EXPECT_EQ(RsaSigner::parse_der(std::string(100, '\x30')).error(), KeyError::malformed);
  EXPECT_EQ(RsaSigner::parse_der(der_of(*SigningKey::generate_ed25519())).error(),
            KeyError::unsupported);
  const std::string der = der_of(*SigningKey::generate_rsa(1024));
  EXPECT_EQ(RsaSigner::parse_der(std::string_view(der).substr(0, der.size() - 9)).error(),
            KeyError::malformed);
}

TEST(RsaSigner, RefusesMoreThanAKeyCanSign) {
  const RsaSigner signer = signer_of(*SigningKey::generate_rsa(1024));
  EXPECT_EQ(signer.sign_pkcs1(std::string(118, 'x')).error(), KeyError::failed);
  EXPECT_TRUE(signer.sign_pkcs1(std::string(117, 'x')).has_value());
}

TEST(RsaSigner, SeveralThreadsSignWithOneKey) {
  const auto key = SigningKey::generate_rsa(1024);
  const RsaSigner signer = signer_of(*key);
  const std::string info = digest_info + std::string(sha256("it").view());
  const std::string expected = *signer.sign_pkcs1(info);
  std::vector<int> right(4);
  {
    std::vector<std::jthread> threads;
    for (int& count : right) {
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) {
          count += signer.sign_pkcs1(info) == expected ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(right, std::vector<int>(4, 50));
}

}  // namespace
}  // namespace postrider
