#include "store/memory_kv.hpp"
#include "store/record_codec.hpp"
#include "store_fixture.hpp"

#include <gtest/gtest.h>

namespace postrider::store {
namespace {

const WallTime start = from_unix_millis(1'767'225'600'000);

void damage(Twin& twin, Family family, const std::string& key) {
  for (auto* side : {&twin.disk().written, &twin.disk().synced}) {
    std::string& value = (*side)[index(family)].at(key);
    value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 1);
  }
}

std::vector<QuarantinedEntry> quarantined(Twin& twin) {
  auto entries = twin.run(twin.queue().quarantined());
  return entries.value_or(std::vector<QuarantinedEntry>());
}

// One message whose record of `family` is damaged, and one that is sound.
struct Scene {
  Twin twin;
  MessageId bad = twin.commit("bad", {"a.example", "b.example", "c.example"});
  MessageId good = twin.commit("good");

  explicit Scene(Family family) {
    settle({bad, 0}, std::nullopt);
    settle({bad, 1}, deferred(start));
    (void)twin.run(twin.queue().begin_attempt({bad, 2}, 1));
    std::string key = message_key(bad);
    if (family == Family::body) {
      key = chunk_key(bad, 0);
    } else if (family == Family::state) {
      key = delivery_key({bad, 1});
    }
    damage(twin, family, key);
  }
  void settle(DeliveryId id, std::optional<Progress> progress) {
    EXPECT_TRUE(twin.run(twin.queue().settle({id, std::move(progress), std::nullopt})));
  }
  void expect_set_aside(Family family) {
    const auto entries = quarantined(twin);
    ASSERT_EQ(entries.size(), 4U);  // envelope, body, state, done
    std::size_t blamed = 0;
    for (const QuarantinedEntry& entry : entries) {
      EXPECT_EQ(entry.id, bad);
      EXPECT_GT(entry.size_bytes, 0U);
      if (entry.reason.find("checksum") != std::string::npos) {
        ++blamed;
        EXPECT_TRUE(entry.key.starts_with(family_names[index(family)])) << entry.key;
      }
    }
    EXPECT_EQ(blamed, 1U);
    const auto open = twin.scan();
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(open[0].envelope->id, good);
    EXPECT_EQ(twin.run(twin.queue().load({bad, 2})), failure(StoreError::not_found));
    EXPECT_TRUE(twin.run(twin.queue().scan_due({}, WallTime::max(), 10, 0))->empty());
    twin.simulation().run_for(std::chrono::seconds(2));
    EXPECT_TRUE(twin.disk().written[index(Family::due)].empty());
    EXPECT_TRUE(twin.disk().written[index(Family::journal)].empty());
    EXPECT_EQ(twin.queue().counters().messages_open, 1U);
    twin.lose_power();
    EXPECT_EQ(quarantined(twin).size(), 4U);
    EXPECT_EQ(twin.run(twin.queue().read_chunk(good, 0))->view(), "good");
  }
};

TEST(Quarantine, ReadingADamagedBodySetsTheMessageAside) {
  Scene scene(Family::body);
  EXPECT_EQ(scene.twin.run(scene.twin.queue().read_chunk(scene.bad, 0)),
            failure(StoreError::corrupt));
  scene.expect_set_aside(Family::body);
}

TEST(Quarantine, AScanThatBringsBodiesLeavesADamagedOneToWhoReadsIt) {
  Scene scene(Family::body);
  for (const StoredDelivery& found : scene.twin.scan({.body_octets = 1'000})) {
    EXPECT_EQ(found.octets.has_value(), found.envelope->id == scene.good);
  }
  EXPECT_TRUE(quarantined(scene.twin).empty());
  EXPECT_EQ(scene.twin.run(scene.twin.queue().read_chunk(scene.bad, 0)),
            failure(StoreError::corrupt));
  scene.expect_set_aside(Family::body);
}

// By any of the records that stand for the message in listings.
class QuarantineBy : public testing::TestWithParam<Family> {};

TEST_P(QuarantineBy, LoadSetsItAside) {
  Scene scene(GetParam());
  EXPECT_EQ(scene.twin.run(scene.twin.queue().load({scene.bad, 1})), failure(StoreError::corrupt));
  scene.expect_set_aside(GetParam());
}

TEST_P(QuarantineBy, ScanPassesOverIt) {
  Scene scene(GetParam());
  const auto open = scene.twin.scan({.limit = 1});
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].envelope->id, scene.good);
  scene.expect_set_aside(GetParam());
}

TEST_P(QuarantineBy, SettlingItSetsItAside) {
  Scene scene(GetParam());
  EXPECT_EQ(scene.twin.run(scene.twin.queue().settle({{scene.bad, 1}, {}, {}})),
            failure(StoreError::corrupt));
  scene.expect_set_aside(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Family, QuarantineBy,
                         testing::Values(Family::env, Family::state, Family::done),
                         [](const auto& info) {
                           return std::string(family_names[index(info.param)]).substr(2);
                         });

TEST(Quarantine, AMissingChunkCondemnsItsMessage) {
  Twin twin;
  const MessageId id = twin.commit("body");
  twin.disk().written[index(Family::body)].clear();
  EXPECT_EQ(twin.run(twin.queue().read_chunk(id, 0)), failure(StoreError::corrupt));
  EXPECT_EQ(quarantined(twin).size(), 2U);
  EXPECT_TRUE(twin.scan().empty());
}

TEST(Quarantine, KeepsTheOctetsAsTheyWereFound) {
  Twin twin;
  const MessageId id = twin.commit("body");
  damage(twin, Family::env, message_key(id));
  const std::string found = twin.disk().written[index(Family::env)].at(message_key(id));
  EXPECT_EQ(twin.run(twin.queue().load_envelope(id)), failure(StoreError::corrupt));
  const std::string key = quarantine_key(Family::env, message_key(id));
  const auto record =
      decode_quarantined(key, twin.disk().written[index(Family::quarantine)].at(key));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->value, found);
}

TEST(Quarantine, AnInterruptedMoveIsEndedByTheNextReader) {
  for (std::size_t writes_kept = 0; writes_kept < 4; ++writes_kept) {
    StoreSettings settings;
    settings.group_bytes = 1;  // so that each record is a write of its own
    Twin twin(1, 1, settings);
    const MessageId id = twin.commit("body", {"a.example", "b.example"});
    EXPECT_TRUE(twin.run(twin.queue().settle({{id, 0}, {}, {}})));
    EXPECT_TRUE(twin.run(twin.queue().sync()));
    damage(twin, Family::env, message_key(id));
    struct Reading {
      static engine::Task<void> run(QueueStore& queue, MessageId message) {
        (void)co_await queue.load_envelope(message);
      }
    };
    twin.reactor().spawn(Reading::run(twin.queue(), id));
    twin.simulation().run_for(std::chrono::microseconds(100));
    twin.lose_power(writes_kept);
    const auto again = twin.run(twin.queue().load_envelope(id));
    EXPECT_FALSE(again);
    EXPECT_EQ(quarantined(twin).size(), 3U) << writes_kept;
    EXPECT_TRUE(twin.scan().empty());
  }
}

}  // namespace
}  // namespace postrider::store
