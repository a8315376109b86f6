#include "store/recent_messages.hpp"

#include <gtest/gtest.h>

namespace postrider::store {
namespace {

Envelope envelope(std::uint64_t id, std::size_t deliveries, std::uint32_t chunks = 0) {
  Envelope out;
  out.id = MessageId(id);
  out.destinations.resize(deliveries);
  out.body_chunks = chunks;
  return out;
}

TEST(RecentMessages, KnowsWhatAnEnvelopeSays) {
  RecentMessages recent;
  recent.add(envelope(1, 3), false);
  recent.add(envelope(2, 1, 7), false);
  ASSERT_NE(recent.find(MessageId(1)), nullptr);
  EXPECT_EQ(recent.find(MessageId(1))->facts.deliveries, 3U);
  EXPECT_EQ(recent.find(MessageId(1))->facts.body_records, 1U) << "no chunks are one record";
  EXPECT_EQ(recent.find(MessageId(2))->facts.body_records, 7U);
  EXPECT_EQ(recent.find(MessageId(3)), nullptr);
  recent.forget(MessageId(1));
  recent.forget(MessageId(3));
  EXPECT_EQ(recent.find(MessageId(1)), nullptr);
  EXPECT_NE(recent.find(MessageId(2)), nullptr);
}

TEST(RecentMessages, KnowsWhichDeliveriesHaveBegunWithTheMessage) {
  RecentMessages recent;
  recent.add(envelope(1, 3), true);
  recent.add(envelope(2, 3), false);
  EXPECT_TRUE(recent.find(MessageId(1))->has_begun(2));
  EXPECT_FALSE(recent.find(MessageId(1))->has_begun(3));
  EXPECT_FALSE(recent.find(MessageId(2))->has_begun(0));
}

TEST(RecentMessages, TheOldestGoesWhetherTheOthersHaveEndedOrNot) {
  RecentMessages recent(3);
  for (std::uint64_t id = 1; id <= 3; ++id) {
    recent.add(envelope(id, 1), false);
  }
  recent.forget(MessageId(2));
  recent.add(envelope(4, 1), false);
  EXPECT_EQ(recent.find(MessageId(1)), nullptr);
  EXPECT_NE(recent.find(MessageId(3)), nullptr);
  recent.add(envelope(5, 1), false);
  EXPECT_NE(recent.find(MessageId(3)), nullptr);
  recent.add(envelope(6, 1), false);
  EXPECT_EQ(recent.find(MessageId(3)), nullptr);
  EXPECT_NE(recent.find(MessageId(4)), nullptr);
}

}  // namespace
}  // namespace postrider::store
