#include <gtest/gtest.h>
#include <string>

#include <postrider/base/base64.hpp>
#include <postrider/base/password_hash.hpp>
#include <postrider/base/random.hpp>
#include <postrider/base/scram_hash.hpp>

namespace postrider {
namespace {

constexpr Argon2Cost cheap{.memory_kib = 64, .passes = 1, .lanes = 1};

TEST(PasswordHash, VerifiesThePasswordOnly) {
  SeededRandom random(1);
  const auto phc = hash_password("correct horse", random, cheap);
  EXPECT_TRUE(phc.starts_with("$argon2id$v=19$m=64,t=1,p=1$")) << phc;
  EXPECT_EQ(verify_password(phc, "correct horse"), PasswordVerdict::match);
  EXPECT_EQ(verify_password(phc, "correct horsf"), PasswordVerdict::mismatch);
  EXPECT_EQ(verify_password(phc, ""), PasswordVerdict::mismatch);
  EXPECT_EQ(verify_password(phc, std::string("correct horse\0", 14)), PasswordVerdict::mismatch);
}

TEST(PasswordHash, TakesAFreshSaltEachTime) {
  SeededRandom random(1);
  EXPECT_NE(hash_password("x", random, cheap), hash_password("x", random, cheap));
}

TEST(PasswordHash, CostsWhatOwaspAsksForByDefault) {
  SeededRandom random(1);
  EXPECT_TRUE(hash_password("x", random).starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
}

TEST(PasswordHash, RefusesEndlessPasswords) {
  SeededRandom random(1);
  EXPECT_FALSE(hash_password(std::string(password_limit_bytes, 'x'), random, cheap).empty());
  EXPECT_TRUE(hash_password(std::string(password_limit_bytes + 1, 'x'), random, cheap).empty());
  const auto phc = hash_password("x", random, cheap);
  EXPECT_EQ(verify_password(phc, std::string(password_limit_bytes + 1, 'x')),
            PasswordVerdict::mismatch);
}

TEST(PasswordHash, RefusesTextsThatAreNoHashOrCostTooMuch) {
  SeededRandom random(1);
  const auto phc = hash_password("x", random, cheap);
  const auto replaced = [&](const std::string& from, const std::string& to) {
    auto text = phc;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const auto& text :
       {std::string(), std::string("x"), std::string("$2b$12$abcdefghijklmnopqrstuv"),
        phc.substr(0, phc.size() / 2), replaced("m=64", "m=4194304"), replaced("t=1", "t=1000000"),
        replaced("p=1", "p=1000"), replaced("m=64", "m=-1"), replaced("m=64,t=1", "t=1,m=64"),
        std::string("$argon2id$"), std::string("$argon2id$v=19$m="), phc + std::string(600, 'A')}) {
    EXPECT_EQ(verify_password(text, "x"), PasswordVerdict::unusable) << text;
  }
}

// RFC 7677 3.
TEST(ScramHash, GivesThePublishedExchange) {
  const auto verifier =
      derive_scram_sha256("pencil", *decode_base64("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
  const std::string auth_message =
      "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
      "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)"
      "hNlF$k0";
  const auto proof = *decode_base64("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_TRUE(is_scram_client_proof(verifier, auth_message, proof));
  EXPECT_EQ(encode_base64(scram_server_signature(verifier, auth_message).view()),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  EXPECT_FALSE(is_scram_client_proof(verifier, auth_message + "x", proof));
  EXPECT_FALSE(is_scram_client_proof(verifier, auth_message, proof.substr(1)));
  EXPECT_FALSE(is_scram_client_proof(verifier, auth_message, ""));
}

TEST(ScramHash, ReadsBackWhatItWrites) {
  const auto verifier = derive_scram_sha256("pencil", "salt of 16 octet", 10);
  EXPECT_EQ(parse_scram_verifier(encode_scram_verifier(verifier)), verifier);
}

TEST(ScramHash, RefusesDamagedTexts) {
  const auto text = encode_scram_verifier(derive_scram_sha256("pencil", "salt of 16 octet", 10));
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_scram_verifier(text.substr(0, size)).has_value()) << size;
  }
  for (const auto* bad :
       {"SCRAM-SHA-1$10:", "SCRAM-SHA-256$0:", "SCRAM-SHA-256$1000001:", "SCRAM-SHA-256$-1:"}) {
    EXPECT_FALSE(parse_scram_verifier(bad + text.substr(text.find(':') + 1)).has_value()) << bad;
  }
  EXPECT_FALSE(parse_scram_verifier(text + "x").has_value());
}

TEST(ScramHash, MadeUpVerifiersAreStableAndDiffer) {
  const auto verifier = made_up_scram_verifier("nobody", "secret");
  EXPECT_EQ(made_up_scram_verifier("nobody", "secret"), verifier);
  EXPECT_EQ(verifier.salt.size(), scram_salt_octets);
  EXPECT_EQ(verifier.iterations, scram_iterations);
  EXPECT_NE(made_up_scram_verifier("nobodx", "secret").salt, verifier.salt);
  EXPECT_NE(made_up_scram_verifier("nobody", "secres").salt, verifier.salt);
}

}  // namespace
}  // namespace postrider
