#include "flow/onward_seal.hpp"

#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include <postrider/codec/arc/chain.hpp>
#include <postrider/codec/dkim/body_hasher.hpp>
#include <postrider/codec/dkim/key_record.hpp>
#include <postrider/codec/dkim/verifier.hpp>
#include <postrider/flow/dkim_keyring.hpp>

namespace postrider::flow {
namespace {

constexpr std::uint64_t now_s = 1'767'225'600;

struct Hand {
  Hand() : keyring(make_keys()) {
    onward.domain = "home.test";
    facts.authserv_id = "mx.home.test";
    facts.now = from_unix_millis(now_s * 1000);
  }
  static std::vector<DkimKey> make_keys() {
    std::vector<DkimKey> keys;
    keys.push_back({"home.test", "e1", std::move(*SigningKey::generate_ed25519())});
    keys.push_back({"home.test", "r1", std::move(*SigningKey::generate_rsa(1024))});
    return keys;
  }
  // Sent on, as it then goes out.
  std::string send_on(const std::string& message) {
    const std::size_t half = message.size() - 3;  // the body comes in pieces
    OnwardSeal seal(keyring, onward, facts, std::string_view(message).substr(0, half));
    seal.update(std::string_view(message).substr(half));
    return seal.finish() + message;
  }
  // By what the keys' owner publishes.
  [[nodiscard]] arc::Outcome judge(const std::string& message) const {
    const auto section = mime::scan_header(message);
    const arc::Chain chain = arc::read_chain(*section);
    arc::Keys keys;
    for (const DkimKey& key : keyring.clone_keys()) {
      keys[key.selector + "._domainkey." + key.domain] = {
          arc::KeyAnswer::Status::found,
          dkim::encode_key_record(key.key.algorithm(), key.key.encode_public())};
    }
    dkim::BodyHasher hasher(dkim::Canonicalization::relaxed);
    hasher.update(std::string_view(message).substr(section->body_offset()));
    return arc::validate(*section, chain, {hasher.finish(), hasher.canonical_octets()}, keys,
                         now_s + 60);
  }

  DkimKeyring keyring;
  Onward onward;
  OnwardFacts facts;
};

constexpr std::string_view judged =
    "Received: by mx.home.test; Thu, 01 Jan 2026 00:00:00 +0000\r\n"
    "Authentication-Results: mx.home.test;\r\n\tspf=pass smtp.mailfrom=away.test;\r\n"
    "\tdkim=none\r\n";
constexpr std::string_view letter =
    "From: a@away.test\r\nSubject: hello\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n\r\nbody\r\n";

TEST(OnwardSeal, SaysAgainWhatWasFoundOut) {
  Hand hand;
  const std::string sent = hand.send_on(std::string(judged) + std::string(letter));
  EXPECT_TRUE(sent.starts_with("ARC-Seal: ")) << sent;
  const auto outcome = hand.judge(sent);
  EXPECT_EQ(outcome.status, arc::Status::pass) << outcome.reason;
  const auto section = mime::scan_header(sent);
  const arc::Chain chain = arc::read_chain(*section);
  ASSERT_EQ(chain.sets.size(), 1U);
  EXPECT_EQ(chain.sets[0].seal.selector, "r1") << "the key that every verifier knows";
  EXPECT_EQ(chain.sets[0].seal.chain, arc::Status::none);
  EXPECT_NE(chain.sets[0].results.find("spf=pass"), std::string_view::npos);
  EXPECT_FALSE(section->has("DKIM-Signature")) << "a forward is nobody's own";
  std::string changed = sent;
  changed.replace(changed.find("body\r\n"), 4, "bodi");
  EXPECT_EQ(hand.judge(changed).status, arc::Status::fail);
}

// The second hand, whose judge found the first chain whole, or broken.
TEST(OnwardSeal, AChainGoesOn) {
  for (const auto& [said, status] :
       {std::pair{"pass", arc::Status::pass}, std::pair{"fail", arc::Status::fail}}) {
    Hand hand;
    const std::string first = hand.send_on(std::string(judged) + std::string(letter));
    const std::string found =
        std::string("Authentication-Results: mx.home.test; arc=") + said + "\r\n";
    const std::string second = hand.send_on(found + first);
    const auto section = mime::scan_header(second);
    const arc::Chain chain = arc::read_chain(*section);
    ASSERT_EQ(chain.highest_instance, 2U);
    ASSERT_EQ(chain.sets.size(), 2U);
    EXPECT_EQ(chain.sets[1].seal.chain, status);
    EXPECT_EQ(hand.judge(second).status, status);
    // Nobody adds to one that has failed (RFC 8617 5.1).
    const std::string third = hand.send_on(found + second);
    EXPECT_EQ(third.starts_with("ARC-Seal"), status == arc::Status::pass) << third;
  }
}

TEST(OnwardSeal, SealsNothingThatItDoesNotKnow) {
  const std::string_view unknown[] = {
      "",                                                         // not judged: submitted
      "Authentication-Results: mx.home.test; arc=temperror\r\n",  // try again later
      "Authentication-Results: mx.home.test; arc=pass\r\n",       // of no chain
      "Authentication-Results: other.test; spf=pass\r\n",         // somebody else's word
      "Authentication-Results: mx.home.test (; spf=pass\r\n",     // malformed
      "ARC-Seal: i=1; cv=none\r\nAuthentication-Results: mx.home.test; spf=pass\r\n",
  };
  for (const std::string_view field : unknown) {
    Hand hand;
    const std::string message = std::string(field) + std::string(letter);
    EXPECT_EQ(hand.send_on(message), message) << field;
  }
  Hand hand;
  hand.onward.domain = "keyless.test";
  const std::string message = std::string(judged) + std::string(letter);
  EXPECT_EQ(hand.send_on(message), message);
}

// A post is the list's own too: its signature stands under its seal.
TEST(OnwardSeal, APostIsSignedByTheList) {
  Hand hand;
  hand.onward.is_post = true;
  const std::string sent = hand.send_on(std::string(judged) + std::string(letter));
  EXPECT_EQ(hand.judge(sent).status, arc::Status::pass);
  const auto section = mime::scan_header(sent);
  EXPECT_EQ(section->count("DKIM-Signature"), 2U);  // Ed25519 and RSA
  EXPECT_NE(section->find("ARC-Message-Signature")->value.find("DKIM-Signature"),
            std::string_view::npos);
  const std::string submitted = hand.send_on(std::string(letter));
  EXPECT_TRUE(submitted.starts_with("DKIM-Signature: "));
  EXPECT_EQ(submitted.find("ARC-"), std::string::npos);
}

}  // namespace
}  // namespace postrider::flow
