#include <gtest/gtest.h>

#include <postrider/codec/arc/chain.hpp>
#include <postrider/codec/arc/sealer.hpp>
#include <postrider/codec/dkim/body_hasher.hpp>
#include <postrider/codec/dkim/key_record.hpp>

namespace postrider::arc {
namespace {

constexpr std::uint64_t now = 1'700'000'000;
const std::string original =
    "From: a@example.net\r\nTo: b@example.org\r\nSubject: x\r\n\r\nHello.\r\n";

dkim::BodyFacts hash_body(std::string_view message) {
  dkim::BodyHasher hasher(dkim::Canonicalization::relaxed);
  hasher.update(message.substr(message.find("\r\n\r\n") + 4));
  const auto digest = hasher.finish();
  return {digest, hasher.canonical_octets()};
}

class ArcChain : public testing::Test {
 protected:
  std::string seal_with(const std::string& message, Status status) {
    const auto section = mime::scan_header(message);
    const auto fields = seal(*section, read_chain(*section), hash_body(message).hash, key_,
                             {.domain = "example.org",
                              .selector = "s1",
                              .timestamp = now,
                              .results = "mx.example.org; none",
                              .chain = status});
    error_ = fields ? std::nullopt : std::optional(fields.error());
    return fields ? *fields + message : message;
  }

  Outcome judge(const std::string& message,
                KeyAnswer::Status found = KeyAnswer::Status::found) const {
    const auto section = mime::scan_header(message);
    const auto chain = read_chain(*section);
    Keys keys;
    for (const std::string& name : key_names(chain)) {
      EXPECT_EQ(name, "s1._domainkey.example.org");
      keys[name] = {found, dkim::encode_key_record(key_.algorithm(), key_.encode_public())};
    }
    return validate(*section, chain, hash_body(message), keys, now);
  }

  SigningKey key_ = *SigningKey::generate_ed25519();
  std::optional<SealError> error_;
};

TEST_F(ArcChain, GrowsToFiftySetsAndNoFurther) {
  std::string message = original;
  for (unsigned i = 0; i < max_sets; ++i) {
    message = seal_with(message, i == 0 ? Status::none : Status::pass);
    ASSERT_FALSE(error_);
  }
  EXPECT_EQ(judge(message).status, Status::pass) << judge(message).reason;
  (void)seal_with(message, Status::pass);  // its error is what is looked at
  EXPECT_EQ(error_, SealError::chain_too_long);
}

TEST_F(ArcChain, SaysWhyItFails) {
  const std::string one = seal_with(original, Status::none);
  const std::string two = seal_with(one, Status::pass);
  std::string changed = two;
  changed.replace(changed.find("Subject: x"), 10, "Subject: y");
  EXPECT_EQ(judge(changed).reason,
            "ARC-Message-Signature 2: the header was changed, or another key signed");
  EXPECT_EQ(judge(changed).instance, 2U);
  changed = two;
  changed.replace(changed.rfind("none\r\n"), 4, "gone");
  EXPECT_EQ(judge(changed).status, Status::fail);
  EXPECT_EQ(judge(changed).instance, 1U);
  EXPECT_EQ(judge(two, KeyAnswer::Status::failed).status, Status::temperror);
  EXPECT_EQ(judge(two, KeyAnswer::Status::nothing).status, Status::fail);
  EXPECT_EQ(judge(original).status, Status::none);
}

TEST_F(ArcChain, EndsWhereItWasSealedAsBroken) {
  const std::string broken = seal_with(seal_with(original, Status::none), Status::fail);
  EXPECT_EQ(judge(broken).status, Status::fail);
  (void)seal_with(broken, Status::fail);  // its error is what is looked at
  EXPECT_EQ(error_, SealError::chain_ended);
}

TEST(ArcChainFields, MustMakeAChain) {
  const std::string results = "ARC-Authentication-Results: i=1; mx; none\r\n";
  const std::string signature =
      "ARC-Message-Signature: i=1; a=rsa-sha256; d=a.b; s=c; h=From;\r\n"
      " bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=YQ==\r\n";
  const std::string seal = "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=a.b; s=c; b=YQ==\r\n";
  const auto defect = [](const std::string& fields) {
    const std::string message = fields + "From: a@b\r\n\r\n";
    const auto section = mime::scan_header(message);
    return read_chain(*section).defect;
  };
  const auto with = [](std::string text, std::string_view from, std::string_view to) {
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  EXPECT_EQ(defect(results + signature + seal), "");
  EXPECT_EQ(defect(seal + results + signature), "");
  for (const std::string& fields : {results,
                                    signature,
                                    seal,
                                    results + signature,
                                    results + seal,
                                    results + signature + seal + seal,
                                    results + signature + seal + results,
                                    with(results, "i=1;", "") + signature + seal,
                                    with(results, "i=1", "i=0") + signature + seal,
                                    with(results, "i=1", "i=51") + signature + seal,
                                    with(results, "i=1", "i=01") + signature + seal,
                                    with(results, "i=1", "x=1") + signature + seal,
                                    results + with(signature, "i=1", "i=2") + seal,
                                    results + with(signature, "a=rsa-sha256", "a=rsa-sha1") + seal,
                                    results + with(signature, "h=From", "h=To") + seal,
                                    results + with(signature, "h=From", "h=From:arc-seal") + seal,
                                    results + signature + with(seal, "cv=none", "cv=pass"),
                                    results + signature + with(seal, "cv=none", "cv=x"),
                                    results + signature + with(seal, "cv=none; ", ""),
                                    results + signature + with(seal, "d=a.b", "d=a.b; h=From"),
                                    results + signature + with(seal, "b=YQ==", "b=?"),
                                    results + signature + with(seal, "s=c", "s=a b"),
                                    with(results + signature + seal, "i=1", "i=2")}) {
    EXPECT_NE(defect(fields), "") << fields;
  }
}

}  // namespace
}  // namespace postrider::arc
