#include "vectors.hpp"

#include <gtest/gtest.h>

#include <postrider/base/base64.hpp>
#include <postrider/base/random.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/dkim/body_hasher.hpp>
#include <postrider/codec/dkim/signer.hpp>
#include <postrider/codec/dkim/verifier.hpp>
#include <postrider/codec/mime/header_edit.hpp>

namespace postrider::dkim {
namespace {

// The verdict of the n-th DKIM-Signature of a message.
Verdict verdict_of(const std::string& message, std::size_t index, std::string_view record_text,
                   std::uint64_t now = 1528637910) {
  const auto section = mime::scan_header(message);
  const auto record = parse_key_record(record_text);
  EXPECT_TRUE(record) << record_text;
  for (const mime::HeaderField& field : section->fields()) {
    if (!equals_ignoring_case(field.name, "DKIM-Signature") || index-- != 0) {
      continue;
    }
    const auto signature = parse_signature(field.value);
    EXPECT_TRUE(signature) << field.raw;
    if (!signature) {
      break;
    }
    BodyHasher hasher(signature->body, signature->body_length.value_or(BodyHasher::unlimited));
    hasher.update(std::string_view(message).substr(section->body_offset()));
    const Sha256Digest hash = hasher.finish();
    return verify(*section, field, *signature, {hash, hasher.canonical_octets()}, *record, now);
  }
  ADD_FAILURE() << "no such signature";
  return Verdict::signature_mismatch;
}

TEST(DkimVerifier, TheExamplesOfTheStandardsPass) {
  EXPECT_EQ(verdict_of(vectors::rfc6376_message, 0, vectors::rfc6376_record), Verdict::pass);
  EXPECT_EQ(verdict_of(vectors::rfc8463_message, 0, vectors::rfc8463_ed25519_record),
            Verdict::pass);
  EXPECT_EQ(verdict_of(vectors::rfc8463_message, 1, vectors::rfc8463_rsa_record), Verdict::pass);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(DkimVerifier, SaysWhatIsWrong) {
  const std::string& good = vectors::rfc8463_message;
  const auto ed = [&](const std::string& message) {
    return verdict_of(message, 0, vectors::rfc8463_ed25519_record);
  };
  EXPECT_EQ(ed(replaced(good, "lost", "won")), Verdict::body_hash_mismatch);
  EXPECT_EQ(ed(replaced(good, "dinner", "lunch")), Verdict::signature_mismatch);
  EXPECT_EQ(ed(replaced(good, "t=1528637909", "t=1528637908")), Verdict::signature_mismatch);
  EXPECT_EQ(ed(replaced(good, "From: Joe", "From: Eve\r\nFrom: Joe")), Verdict::signature_mismatch);
  EXPECT_EQ(ed(replaced(good, "From: Joe", "from:   Joe")), Verdict::pass);
  EXPECT_EQ(ed(replaced(good, "From: Joe", "X-Added: x\r\nFrom: Joe")), Verdict::pass);
  EXPECT_EQ(ed(replaced(good, "q=dns/txt", "l=9999")), Verdict::body_too_short);
  EXPECT_EQ(verdict_of(good, 0, vectors::rfc8463_rsa_record), Verdict::key_mismatch);
  EXPECT_EQ(verdict_of(good, 0, "k=ed25519; p="), Verdict::key_revoked);
  EXPECT_EQ(verdict_of(good, 0, "k=ed25519; p=YWJj"), Verdict::key_unusable);
  EXPECT_EQ(verdict_of(good, 0, vectors::rfc8463_ed25519_record + "; t=s"), Verdict::pass);
  EXPECT_EQ(
      verdict_of(replaced(good, "i=@", "i=@sub."), 0, vectors::rfc8463_ed25519_record + "; t=s"),
      Verdict::identity_not_allowed);
  EXPECT_EQ(verdict_of(replaced(good, "q=dns/txt", "x=1528637911"), 0,
                       vectors::rfc8463_ed25519_record, 1528637912),
            Verdict::expired);
  for (int i = 0; i <= static_cast<int>(Verdict::expired); ++i) {
    EXPECT_FALSE(describe(static_cast<Verdict>(i)).empty());
  }
}

const std::string plain_message =
    "Received: by mx\r\nFrom: a@example.org\r\nTo: b@example.net,\r\n\tc@example.net\r\nSubject:  "
    "two  "
    "blanks \r\nDate: Sun, 22 Nov 2026 14:52:24 +0000\r\nMessage-ID: <1@example.org>\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/plain;\r\n charset=utf-8\r\nContent-Language: en\r\n"
    "List-Id: <l.example.org>\r\nList-Unsubscribe: <mailto:u@example.org>\r\n"
    "Resent-From: r@example.org\r\nX-Mailer: x\r\n\r\nHello  world \r\n\r\nBye\r\n\r\n\r\n";

struct Keys {
  SigningKey rsa = *SigningKey::generate_rsa(1024);
  SigningKey ed25519 = *SigningKey::parse_pem(vectors::rfc8463_ed25519_pem);
};
const Keys& keys() {
  static const Keys made;
  return made;
}

Sha256Digest body_hash(std::string_view message, Canonicalization kind) {
  BodyHasher hasher(kind);
  hasher.update(message.substr(mime::scan_header(message)->body_offset()));
  return hasher.finish();
}

std::string signed_with(const std::string& message, const SigningKey& key,
                        const SignOptions& options) {
  const auto section = mime::scan_header(message);
  const auto field = sign(*section, body_hash(message, options.body), key, options);
  EXPECT_TRUE(field);
  return *field + message;
}

std::string record_of(const SigningKey& key) {
  return encode_key_record(key.algorithm(), key.encode_public());
}

TEST(DkimSigner, SignsForEachCanonicalizationAndKey) {
  for (const SigningKey* key : {&keys().rsa, &keys().ed25519}) {
    for (const auto header : {Canonicalization::simple, Canonicalization::relaxed}) {
      for (const auto body : {Canonicalization::simple, Canonicalization::relaxed}) {
        const std::string message = signed_with(plain_message, *key,
                                                {.domain = "example.org",
                                                 .selector = "s1",
                                                 .header = header,
                                                 .body = body,
                                                 .timestamp = 7});
        EXPECT_EQ(verdict_of(message, 0, record_of(*key)), Verdict::pass) << message;
      }
    }
  }
}

TEST(DkimSigner, WritesTheFieldAsExpected) {
  const std::string message = signed_with("From: a@example.org\r\n\r\nHi.\r\n", keys().ed25519,
                                          {.domain = "example.org",
                                           .selector = "s1",
                                           .identity = "a;b@example.org",
                                           .timestamp = 1528637909,
                                           .expiry = 1528637999});
  const std::string field(mime::scan_header(message)->fields()[0].raw);
  EXPECT_TRUE(field.starts_with(
      "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.org; s=s1;\r\n"
      " i=a=3Bb@example.org; t=1528637909; x=1528637999; h=From:From:To:Cc:Subject:\r\n"
      " Date:Reply-To:Message-ID:MIME-Version:Content-Type:Content-Transfer-Encoding;\r\n"
      " bh="))
      << field;
  EXPECT_EQ(field.find(" l="), std::string::npos);
  EXPECT_EQ(verdict_of(message, 0, vectors::rfc8463_ed25519_record), Verdict::pass);
  EXPECT_EQ(verdict_of(message, 0, vectors::rfc8463_ed25519_record, 1528638000), Verdict::expired);
}

TEST(DkimSigner, SelectsAndOversigns) {
  const auto names = select_signed_headers(*mime::scan_header(plain_message));
  EXPECT_EQ(names, (std::vector<std::string>{"From",
                                             "From",
                                             "To",
                                             "To",
                                             "Cc",
                                             "Subject",
                                             "Subject",
                                             "Date",
                                             "Date",
                                             "Reply-To",
                                             "Message-ID",
                                             "Message-ID",
                                             "MIME-Version",
                                             "MIME-Version",
                                             "Content-Type",
                                             "Content-Type",
                                             "Content-Transfer-Encoding",
                                             "Content-Language",
                                             "Content-Language",
                                             "List-Id",
                                             "List-Unsubscribe",
                                             "Resent-From"}));
}

TEST(DkimSigner, NothingSignedCanBeChangedOrAdded) {
  const std::string message = signed_with(
      plain_message, keys().ed25519, {.domain = "example.org", .selector = "s1", .timestamp = 7});
  for (const char* field :
       {"From: x", "To: x", "Cc: x", "Subject: x", "Date: x", "Reply-To: x", "Message-ID: x",
        "MIME-Version: x", "Content-Type: x", "Content-Transfer-Encoding: x", "Content-Language: x",
        "List-Id: x", "Resent-From: x"}) {
    const auto section = mime::scan_header(message);
    const std::string body(message.substr(section->body_offset()));
    mime::HeaderEdit top(*section);
    const std::string added_top = top.insert_at_top(field).encode() + body;
    mime::HeaderEdit bottom(*section);
    const std::string added_bottom = bottom.append(field).encode() + body;
    const bool listed_only = std::string_view(field).starts_with("List-") ||
                             std::string_view(field).starts_with("Resent-");
    EXPECT_EQ(verdict_of(added_top, 0, vectors::rfc8463_ed25519_record),
              listed_only ? Verdict::pass : Verdict::signature_mismatch)
        << field;
    EXPECT_EQ(verdict_of(added_bottom, 0, vectors::rfc8463_ed25519_record),
              Verdict::signature_mismatch)
        << field;
  }
  EXPECT_EQ(verdict_of(replaced(message, "X-Mailer: x", "X-Mailer: y"), 0,
                       vectors::rfc8463_ed25519_record),
            Verdict::pass);
  EXPECT_EQ(verdict_of(replaced(message, "List-Id: <l", "List-Id: <m"), 0,
                       vectors::rfc8463_ed25519_record),
            Verdict::signature_mismatch);
}

TEST(DkimSigner, SeveralSignaturesStandTogether) {
  const auto section = mime::scan_header(plain_message);
  const Sha256Digest hash = body_hash(plain_message, Canonicalization::relaxed);
  const auto one =
      sign(*section, hash, keys().rsa, {.domain = "example.org", .selector = "r", .timestamp = 7});
  const auto two = sign(*section, hash, keys().ed25519,
                        {.domain = "mail.example.org", .selector = "e", .timestamp = 7});
  const std::string message = *two + *one + plain_message;
  EXPECT_EQ(verdict_of(message, 0, record_of(keys().ed25519)), Verdict::pass);
  EXPECT_EQ(verdict_of(message, 1, record_of(keys().rsa)), Verdict::pass);
}

TEST(DkimSigner, FoldsAt78ColumnsAndVerifiesAnyHeader) {
  SeededRandom random(31);
  constexpr std::string_view alphabet = "ab:; \t=\xC3";
  for (int i = 0; i < 300; ++i) {
    std::string message = "From: a@example.org\r\n";
    for (auto n = random.below(20); n > 0; --n) {
      constexpr std::string_view names[] = {"To", "Subject", "content-Foo", "List-Help",
                                            "X",  "CC",      "Resent-Date"};
      message += std::string(names[random.below(7)]) + ":";
      for (auto m = random.below(40); m > 0; --m) {
        message += random.below(12) == 0 ? std::string("\r\n ")
                                         : std::string(1, alphabet[random.below(alphabet.size())]);
      }
      message += "\r\n";
    }
    message += "\r\nbody\r\n";
    const auto kind = random.below(2) == 0 ? Canonicalization::simple : Canonicalization::relaxed;
    const std::string signed_message =
        signed_with(message, keys().ed25519,
                    {.domain = std::string(random.below(60) + 1, 'd') + ".example",
                     .selector = "s",
                     .header = kind,
                     .timestamp = 7});
    ASSERT_EQ(verdict_of(signed_message, 0, vectors::rfc8463_ed25519_record), Verdict::pass)
        << "seed 31: " << message;
    const std::string_view field = mime::scan_header(signed_message)->fields()[0].raw;
    for (const std::string_view line : split(field, '\n')) {
      ASSERT_LE(line.size(), mime::fold_column + 1) << "seed 31";
    }
  }
}

TEST(DkimSignerDeathTest, RefusesOptionsThatConfigurationMustCheck) {
  const auto section = mime::scan_header(plain_message);
  const auto attempt = [&](const SignOptions& options) {
    (void)sign(*section, Sha256Digest(), keys().ed25519, options);
  };
  EXPECT_DEATH(attempt({.domain = "a;b", .selector = "s"}), "d= is a domain");
  EXPECT_DEATH(attempt({.domain = "a", .selector = "s\r\n"}), "s= is a selector");
  EXPECT_DEATH(attempt({.domain = "a", .selector = "s", .timestamp = 5, .expiry = 5}),
               "later than t=");
}

}  // namespace
}  // namespace postrider::dkim
