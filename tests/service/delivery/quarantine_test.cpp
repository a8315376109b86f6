#include "delivery_world.hpp"
#include "store/memory_kv.hpp"
#include "store/record_codec.hpp"

#include <gtest/gtest.h>

// Messages of which a record can't be read: told of once, set aside, and nobody else's trouble.
namespace postrider::delivery {
namespace {

using flow::EventKind;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

void damage(World& world, store::Family family, const std::string& key) {
  for (auto* side : {&world.disk().written, &world.disk().synced}) {
    auto& records = (*side)[store::index(family)];
    const auto found = records.find(key);
    ASSERT_NE(found, records.end());
    found->second[found->second.size() / 2] ^= 1;
  }
}

// Two messages that a process has deferred and left; one of them is damaged before the next start.
struct Damaged {
  World world{1, 2};
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  FakeMx& other = world.add_mx("other.test", 10, "mx.other.test", 2);
  MessageId bad;

  Damaged() {
    for (FakeMx* server : {&mx, &other}) {
      server->manners.on_rcpt = [](const std::string&) { return "450 4.2.1 later"; };
    }
    world.start();
    bad = world.submit({.to = {"bad@example.org", "bad@other.test"}});
    world.submit({.to = {"good@example.org", "good@other.test"}});
    world.run_for(seconds(5));
    for (FakeMx* server : {&mx, &other}) {
      server->manners.on_rcpt = nullptr;
    }
  }
  void expect_told_and_the_rest_delivered(const std::string& tenant) {
    world.run_for(hours(1));
    EXPECT_EQ(world.events.count(EventKind::quarantined), 1U);
    const flow::Event* event = world.events.find(EventKind::quarantined);
    ASSERT_NE(event, nullptr);
    EXPECT_EQ(event->id, bad);
    EXPECT_EQ(event->tenant, tenant);
    EXPECT_NE(event->text.find("checksum"), std::string::npos) << event->text;
    EXPECT_EQ(mx.taken.size(), 1U);
    EXPECT_EQ(other.taken.size(), 1U);
    EXPECT_EQ(world.open_deliveries(), 0U);
    EXPECT_FALSE(world.run(world.delivery().control().status(0)).halted);
    EXPECT_FALSE(world.run(world.queue().quarantined())->empty());
    world.stop();
  }
};

TEST(DeliveryQuarantine, WhatTheLoaderCannotReadIsTold) {
  for (const bool envelope : {true, false}) {
    Damaged f;
    f.world.stop();
    damage(f.world, envelope ? store::Family::env : store::Family::state,
           envelope ? store::message_key(f.bad) : store::delivery_key({f.bad, 1}));
    f.world.start();
    f.expect_told_and_the_rest_delivered(envelope ? "" : "acme");
  }
}

TEST(DeliveryQuarantine, ABodyThatCannotBeReadIsTold) {
  Damaged f;
  damage(f.world, store::Family::body, store::chunk_key(f.bad, 0));
  f.expect_told_and_the_rest_delivered("acme");
}

// Found by the settlement of an attempt: the other deliveries of the process go on.
TEST(DeliveryQuarantine, ASettlementThatMeetsADamagedRecordHaltsNobody) {
  Damaged f;
  bool is_damaged = false;
  f.other.manners.on_content = [&](const FakeMx::Mail&, const std::string&) {
    if (!std::exchange(is_damaged, true)) {
      damage(f.world, store::Family::state, store::delivery_key({f.bad, 1}));
    }
    return "250 taken";
  };
  f.mx.manners.greeting = "421 4.3.2 not now";
  f.world.run_for(minutes(8));
  f.mx.manners.greeting = "220 well";
  EXPECT_TRUE(is_damaged);
  EXPECT_EQ(f.other.taken.size(), 2U);
  f.other.taken.pop_back();
  f.expect_told_and_the_rest_delivered("acme");
}

}  // namespace
}  // namespace postrider::delivery
