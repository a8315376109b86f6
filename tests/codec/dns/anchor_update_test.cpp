#include "signed_world.hpp"

#include <gtest/gtest.h>

#include <postrider/base/base64.hpp>
#include <postrider/codec/dns/anchor_update.hpp>

// What becomes of trust anchors when the root's keys roll over.
namespace postrider::dns {
namespace {

using State = AnchorKey::State;

constexpr std::uint16_t zone_signing = 256;
constexpr std::uint16_t revoked = 257 | 0x80;

class AnchorUpdateTest : public testing::Test {
 protected:
  AnchorUpdateTest() : present(TrustAnchors::parse(ds_line(old_key)).value()) {}

  static std::string ds_line(const TestKey& key, const std::string& owner = ".") {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string line = owner + " IN DS " + std::to_string(key.tag()) + " 15 2 ";
    for (const char c : key.ds(name_of(owner == "." ? "" : owner)).substr(4)) {
      line += digits[static_cast<unsigned char>(c) >> 4U];
      line += digits[static_cast<unsigned char>(c) & 15U];
    }
    return line + "\n";
  }
  [[nodiscard]] std::vector<State> states(const std::vector<std::string>& published) const {
    std::vector<State> out;
    const auto update = update_anchors(present, WireName(), published);
    EXPECT_TRUE(update.has_value());
    for (const AnchorKey& key : update->keys) {
      out.push_back(key.state);
    }
    // What is written is read back, and is no news then.
    const auto again =
        update_anchors(TrustAnchors::parse(update->text).value(), WireName(), published);
    EXPECT_TRUE(again.has_value());
    EXPECT_FALSE(again->has_news());
    EXPECT_EQ(again->text, update->text);
    return out;
  }

  TestKey old_key{1};
  TestKey new_key{2};
  TestKey other{3};
  TrustAnchors present;
};

TEST_F(AnchorUpdateTest, NothingHasChanged) {
  const auto update = update_anchors(present, WireName(), {old_key.rdata(), other.rdata(256)});
  ASSERT_TRUE(update);
  EXPECT_FALSE(update->has_news());
  EXPECT_EQ(update->text, ds_line(old_key));
  ASSERT_EQ(update->keys.size(), 1U);
  EXPECT_EQ(update->keys[0].ds, ds_line(old_key).substr(8, update->keys[0].ds.size()));
}

TEST_F(AnchorUpdateTest, ARollover) {
  using States = std::vector<State>;
  EXPECT_EQ(states({old_key.rdata(), new_key.rdata()}), (States{State::published, State::fresh}));
  EXPECT_EQ(states({new_key.rdata()}), (States{State::missing, State::fresh}));
  EXPECT_EQ(states({old_key.rdata(revoked), new_key.rdata()}),
            (States{State::revoked, State::fresh}));
  // Keys that only sign the zone, or that were revoked before anybody trusted them.
  EXPECT_EQ(states({old_key.rdata(), new_key.rdata(zone_signing), other.rdata(revoked)}),
            States{State::published});
}

// A file of DNSKEY records, as ldns-keygen and unbound-anchor write them.
TEST_F(AnchorUpdateTest, KeysAreAnchorsToo) {
  const std::string line =
      ". IN DNSKEY 257 3 15 " + encode_base64(std::string_view(old_key.rdata()).substr(4)) + "\n";
  present = TrustAnchors::parse(line).value();
  const auto update = update_anchors(present, WireName(), {old_key.rdata(), new_key.rdata()});
  ASSERT_TRUE(update);
  EXPECT_EQ(update->keys[0].state, State::published);
  EXPECT_EQ(update->text, ds_line(old_key) + ds_line(new_key));
}

TEST_F(AnchorUpdateTest, OtherZonesStay) {
  present = TrustAnchors::parse(ds_line(old_key) + ds_line(other, "corp.example.")).value();
  const auto update = update_anchors(present, WireName(), {old_key.rdata(), new_key.rdata()});
  ASSERT_TRUE(update);
  EXPECT_EQ(update->text, ds_line(old_key) + ds_line(new_key) + ds_line(other, "corp.example."));
  EXPECT_EQ(TrustAnchors::parse(update->text)->all().size(), 2U);
}

TEST_F(AnchorUpdateTest, SomethingMustStay) {
  EXPECT_FALSE(update_anchors(present, WireName(), {old_key.rdata(revoked)}));
}

TEST_F(AnchorUpdateTest, WhatIsNoKeyIsPassedOver) {
  const auto update = update_anchors(present, WireName(), {"", "x", old_key.rdata().substr(0, 3)});
  ASSERT_TRUE(update);
  EXPECT_EQ(update->keys[0].state, State::missing);
}

}  // namespace
}  // namespace postrider::dns
