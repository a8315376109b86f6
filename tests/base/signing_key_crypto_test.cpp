#include <cstdio>
#include <gtest/gtest.h>
#include <string>

#include <postrider/base/base64.hpp>
#include <postrider/base/pem.hpp>
#include <postrider/base/signing_key.hpp>

namespace postrider {
namespace {

// What `openssl <arguments>` prints.
std::string openssl(const std::string& arguments) {
  std::string output;
  FILE* pipe = popen(("openssl " + arguments + " 2>/dev/null").c_str(), "r");
  char piece[4096];
  while (const auto size = fread(piece, 1, sizeof piece, pipe)) {
    output.append(piece, size);
  }
  pclose(pipe);
  return output;
}

SigningKey parse(const std::string& pem) {
  auto key = SigningKey::parse_pem(pem);
  EXPECT_TRUE(key.has_value()) << describe(key.error());
  return std::move(*key);
}

void expect_signs_and_verifies(const SigningKey& key) {
  auto signature = key.sign_digest(sha256("a message"));
  ASSERT_TRUE(signature.has_value());
  auto public_key = key.algorithm() == KeyAlgorithm::rsa
                        ? PublicKey::parse_rsa(key.encode_public())
                        : PublicKey::parse_ed25519(key.encode_public());
  ASSERT_TRUE(public_key.has_value());
  EXPECT_EQ(public_key->bits(), key.bits());
  EXPECT_EQ(public_key->algorithm(), key.algorithm());
  EXPECT_TRUE(public_key->is_signature_of(sha256("a message"), *signature));
  EXPECT_FALSE(public_key->is_signature_of(sha256("another message"), *signature));
  auto damaged = *signature;
  damaged[7] = static_cast<char>(damaged[7] ^ 1);
  EXPECT_FALSE(public_key->is_signature_of(sha256("a message"), damaged));
  EXPECT_FALSE(public_key->is_signature_of(sha256("a message"), signature->substr(1)));
  EXPECT_FALSE(public_key->is_signature_of(sha256("a message"), ""));
}

TEST(SigningKey, ReadsWhatOpensslWrites) {
  for (const auto* arguments :
       {"genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048", "genrsa -traditional 2048",
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096", "genpkey -algorithm ed25519",
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024"}) {
    SCOPED_TRACE(arguments);
    expect_signs_and_verifies(parse(openssl(arguments)));
  }
}

TEST(SigningKey, OpensslVerifiesWhatItSigns) {
  const auto key = parse(openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048"));
  const auto directory = testing::TempDir() + "postrider_sign_" + std::to_string(getpid());
  const auto write = [&](const char* suffix, std::string_view text) {
    FILE* file = fopen((directory + suffix).c_str(), "w");
    fwrite(text.data(), 1, text.size(), file);
    fclose(file);
  };
  write(".pub", encode_pem("PUBLIC KEY", key.encode_public()));
  write(".msg", "a message");
  write(".sig", *key.sign_digest(sha256("a message")));
  EXPECT_EQ(openssl("dgst -sha256 -verify " + directory + ".pub -signature " + directory + ".sig " +
                    directory + ".msg"),
            "Verified OK\n");
  for (const auto* suffix : {".pub", ".msg", ".sig"}) {
    (void)std::remove((directory + suffix).c_str());  // only tidiness is at stake
  }
}

TEST(SigningKey, GeneratesKeysThatItReadsBack) {
  for (auto make : {+[] { return SigningKey::generate_rsa(2048); },
                    +[] { return SigningKey::generate_ed25519(); }}) {
    auto key = make();
    ASSERT_TRUE(key.has_value());
    expect_signs_and_verifies(*key);
    const auto again = parse(key->encode_pem());
    EXPECT_EQ(again.encode_public(), key->encode_public());
    EXPECT_EQ(again.sign_digest(sha256("x")), key->sign_digest(sha256("x")));
    EXPECT_EQ(key->clone().encode_public(), key->encode_public());
  }
  EXPECT_NE(SigningKey::generate_ed25519()->encode_public(),
            SigningKey::generate_ed25519()->encode_public());
}

TEST(SigningKey, WritesPkcs8ThatOpensslReads) {
  const auto key = SigningKey::generate_ed25519();
  ASSERT_TRUE(key.has_value());
  const auto path = testing::TempDir() + "postrider_key_" + std::to_string(getpid());
  FILE* file = fopen(path.c_str(), "w");
  fputs(key->encode_pem().c_str(), file);
  fclose(file);
  const auto spki = openssl("pkey -in " + path + " -pubout -outform DER");
  ASSERT_EQ(spki.size(), 44U);
  EXPECT_EQ(spki.substr(12), key->encode_public());
  (void)std::remove(path.c_str());  // only tidiness is at stake
}

// RFC 8032 7.1, tests 1 and 2.
TEST(SigningKey, SignsMessagesAsRfc8032) {
  struct Row {
    const char* seed;
    const char* message;
    const char* signature;
  };
  for (const auto& row :
       {Row{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39"
            "701c"
            "f9b46bd25bf5f0595bbe24655141438e7a100b"},
        Row{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f36"
            "13d0"
            "f11d8c387b2eaeb4302aeeb00d291612bb0c00"}}) {
    const auto prefix = decode_hex("302e020100300506032b657004220420");
    const auto key = parse(encode_pem("PRIVATE KEY", *prefix + *decode_hex(row.seed)));
    const auto signature = key.sign_message(*decode_hex(row.message));
    ASSERT_TRUE(signature.has_value());
    EXPECT_EQ(encode_hex(*signature), row.signature);
  }
}

TEST(SigningKey, RsaSignsNoMessages) {
  const auto key = parse(openssl("genrsa 2048"));
  EXPECT_EQ(key.sign_message("x").error(), KeyError::unsupported);
}

TEST(SigningKey, SaysWhatIsWrongWithAKey) {
  const auto rsa = openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048");
  auto damaged_der = parse_pem(rsa).at(0).der;
  damaged_der[600] = static_cast<char>(damaged_der[600] ^ 0x55);  // in the first prime
  const auto short_seed = *decode_hex("302d020100300506032b65700421041f") + std::string(31, 'x');
  struct Row {
    const char* what;
    std::string pem;
    KeyError error;
  };
  for (const auto& row : {
           Row{"nothing", "", KeyError::not_pem},
           Row{"another file", "hostname = \"mail\"\n", KeyError::not_pem},
           Row{"a public key", encode_pem("PUBLIC KEY", "x"), KeyError::not_pem},
           Row{"not ended", rsa.substr(0, rsa.size() / 2), KeyError::not_pem},
           Row{"an EC key", openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"),
               KeyError::unsupported},
           Row{"an old EC key", openssl("ecparam -name prime256v1 -genkey -noout"),
               KeyError::unsupported},
           Row{"encrypted", openssl("genrsa -aes128 -passout pass:x 2048"), KeyError::encrypted},
           Row{"encrypted, old", openssl("genrsa -traditional -aes128 -passout pass:x 2048"),
               KeyError::encrypted},
           Row{"short", openssl("genrsa 512"), KeyError::too_short},
           Row{"cut", encode_pem("PRIVATE KEY", damaged_der.substr(0, 300)), KeyError::malformed},
           Row{"no DER", encode_pem("PRIVATE KEY", "hello"), KeyError::malformed},
           Row{"a flipped bit", encode_pem("PRIVATE KEY", damaged_der), KeyError::malformed},
           Row{"a seed too short", encode_pem("PRIVATE KEY", short_seed), KeyError::malformed},
       }) {
    const auto key = SigningKey::parse_pem(row.pem);
    ASSERT_FALSE(key.has_value()) << row.what;
    EXPECT_EQ(key.error(), row.error) << row.what << ": " << describe(key.error());
  }
  EXPECT_EQ(SigningKey::generate_rsa(512).error(), KeyError::too_short);
  EXPECT_EQ(SigningKey::generate_rsa(8192).error(), KeyError::unsupported);
  EXPECT_EQ(SigningKey::generate_rsa(2000).error(), KeyError::unsupported);
}

TEST(PublicKey, ReadsABareRsaPublicKey) {
  const auto key = parse(openssl("genrsa 2048"));
  const auto spki = key.encode_public();
  // The BIT STRING of this SubjectPublicKeyInfo begins after 19 + 5 octets.
  auto bare = PublicKey::parse_rsa(std::string_view(spki).substr(24));
  ASSERT_TRUE(bare.has_value());
  EXPECT_TRUE(bare->is_signature_of(sha256("x"), *key.sign_digest(sha256("x"))));
}

TEST(PublicKey, RefusesWhatIsNone) {
  const auto spki = parse(openssl("genrsa 1024")).encode_public();
  EXPECT_TRUE(PublicKey::parse_rsa(spki).has_value());
  EXPECT_EQ(PublicKey::parse_rsa("").error(), KeyError::malformed);
  EXPECT_EQ(PublicKey::parse_rsa("hello").error(), KeyError::malformed);
  for (std::size_t size = 0; size < spki.size(); ++size) {
    EXPECT_FALSE(PublicKey::parse_rsa(spki.substr(0, size)).has_value()) << size;
  }
  EXPECT_EQ(PublicKey::parse_rsa(spki + "more").error(), KeyError::malformed);
  EXPECT_EQ(PublicKey::parse_ed25519(std::string(31, 'x')).error(), KeyError::malformed);
  EXPECT_EQ(PublicKey::parse_ed25519("").error(), KeyError::malformed);
}

}  // namespace
}  // namespace postrider
