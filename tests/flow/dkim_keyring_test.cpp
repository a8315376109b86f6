#include "intake_fixture.hpp"

#include <gtest/gtest.h>
#include <string>

#include <postrider/codec/dkim/body_hasher.hpp>
#include <postrider/codec/dkim/key_record.hpp>
#include <postrider/codec/dkim/signature.hpp>
#include <postrider/codec/dkim/verifier.hpp>
#include <postrider/flow/dkim_keyring.hpp>
#include <postrider/flow/dsn.hpp>

namespace postrider::flow {
namespace {

std::vector<DkimKey> keys_for(const std::string& domain) {
  std::vector<DkimKey> keys;
  keys.push_back({domain, "r1", std::move(*SigningKey::generate_rsa(1024))});
  keys.push_back({domain, "e1", std::move(*SigningKey::generate_ed25519())});
  return keys;
}

TEST(DkimKeyring, FindsTheNearestDomain) {
  DkimKeyring keyring(keys_for("example.org"));
  EXPECT_NE(keyring.begin("example.org"), nullptr);
  EXPECT_NE(keyring.begin("news.example.org"), nullptr);
  EXPECT_EQ(keyring.begin("notexample.org"), nullptr);
  EXPECT_EQ(keyring.begin("org"), nullptr);
  EXPECT_EQ(keyring.begin(""), nullptr);
  EXPECT_EQ(keyring.clone_keys().size(), 2U);
}

// What a receiver finds: how many signatures pass with the keys of `keyring`.
int passing(const std::string& octets, const DkimKeyring& keyring) {
  const auto section = mime::scan_header(octets);
  int passed = 0;
  for (const mime::HeaderField& field : section->fields()) {
    if (field.name != "DKIM-Signature") {
      continue;
    }
    const auto signature = dkim::parse_signature(field.value);
    EXPECT_TRUE(signature.has_value());
    for (const DkimKey& key : keyring.clone_keys()) {
      if (!signature || key.selector != signature->selector) {
        continue;
      }
      const auto record = dkim::parse_key_record(
          dkim::encode_key_record(key.key.algorithm(), key.key.encode_public()));
      dkim::BodyHasher hasher(dkim::Canonicalization::relaxed);
      hasher.update(std::string_view(octets).substr(section->body_offset()));
      const dkim::BodyFacts body{hasher.finish(), hasher.canonical_octets()};
      passed += dkim::verify(*section, field, *signature, body, *record, 1'767'225'700) ==
                        dkim::Verdict::pass
                    ? 1
                    : 0;
    }
  }
  return passed;
}

using SignedIntake = IntakeFixture;

TEST_F(SignedIntake, EverySubmissionIsSignedByEveryKey) {
  DkimKeyring keyring(keys_for("example.org"));
  signer = &keyring;
  const auto id = send("From: user@example.org\nTo: a@b\n\nbody\nwithout end");
  ASSERT_TRUE(id.has_value()) << id.error().text;
  const std::string octets = read(*id);
  const auto section = mime::scan_header(octets);
  EXPECT_EQ(section->count("DKIM-Signature"), 2U);
  EXPECT_TRUE(octets.starts_with("DKIM-Signature: "));
  EXPECT_EQ(passing(octets, keyring), 2);
}

TEST_F(SignedIntake, ALargeOneToo) {
  DkimKeyring keyring(keys_for("example.org"));
  signer = &keyring;
  std::string body;
  while (body.size() < 3'000'000) {
    body += "0123456789012345678901234567890123456789\r\n";
  }
  const auto id = send("From: user@example.org\r\n\r\n" + body);
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(passing(read(*id), keyring), 2);
}

TEST_F(SignedIntake, StrangersMailIsNot) {
  DkimKeyring keyring(keys_for("example.org"));
  signer = &keyring;
  conversation.door = Door::inbound;
  const auto id = send("From: user@example.org\r\n\r\nx\r\n");
  ASSERT_TRUE(id.has_value());
  EXPECT_FALSE(read(*id).contains("DKIM-Signature"));
}

// RFC 6376: what we send in our own name is signed as what others send through us.
TEST(Report, IsSignedWhereThereIsAKeyForTheHost) {
  DkimKeyring keyring(keys_for("example.org"));
  store::Envelope about;
  about.id = MessageId(42);
  about.reverse_path = "sender@acme.example";
  about.ret = store::Return::full;
  ReportedRecipient failed;
  failed.recipient.address = "nobody@far.example";
  failed.last = {550, "5.1.1", "no such user", "mx.far.example [192.0.2.1]:25", {}};
  const auto report_of = [&](const std::string& hostname, Signer* signer) {
    SeededRandom random(1);
    const auto report = make_report({about,
                                     {failed},
                                     "Subject: hi\r\n\r\nbody words\r\n",
                                     true,
                                     hostname,
                                     MessageId(43),
                                     from_unix_millis(1'767'225'600'000),
                                     signer},
                                    random);
    EXPECT_TRUE(report.has_value());
    EXPECT_EQ(report->envelope->size_octets, report->octets.view().size());
    return std::string(report->octets.view());
  };
  const std::string report = report_of("Mail.Example.ORG", &keyring);
  EXPECT_EQ(passing(report, keyring), 2);
  EXPECT_TRUE(report.contains("body words"));
  EXPECT_FALSE(report_of("mail.elsewhere.example", &keyring).contains("DKIM-Signature"));
  EXPECT_FALSE(report_of("mail.example.org", nullptr).contains("DKIM-Signature"));
}

}  // namespace
}  // namespace postrider::flow
