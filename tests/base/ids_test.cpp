#include <gtest/gtest.h>
#include <unordered_set>

#include <postrider/base/ids.hpp>
#include <postrider/base/random.hpp>

namespace postrider {
namespace {

using namespace std::chrono_literals;

const WallTime noon = *parse_rfc3339("2026-11-22T12:00:00Z");

TEST(MessageId, TextSortsAsTheValue) {
  EXPECT_EQ(MessageId(0).text(), "0000000000000");
  EXPECT_EQ(MessageId(31).text(), "000000000000Z");
  EXPECT_EQ(MessageId(UINT64_MAX).text(), "FZZZZZZZZZZZZ");
  SeededRandom random(9);
  for (int i = 0; i < 5'000; ++i) {
    const MessageId a(random.next_u64() >> random.below(64));
    const MessageId b(random.next_u64() >> random.below(64));
    ASSERT_EQ(a < b, a.text() < b.text()) << "seed 9";
    ASSERT_EQ(MessageId::parse(a.text()), a) << "seed 9";
  }
}

TEST(MessageId, ParsesWhatAPersonTypes) {
  EXPECT_EQ(MessageId::parse("fzzzzzzzzzzzz"), MessageId(UINT64_MAX));
  EXPECT_EQ(MessageId::parse("OoOoOoOoOoOil"), MessageId(33));
  for (const char* text : {"", "000000000000", "00000000000000", "G000000000000", "ZZZZZZZZZZZZZ",
                           "000000000000U", "00000 0000000", "000000000000-"}) {
    EXPECT_EQ(MessageId::parse(text), std::nullopt) << text;
  }
}

TEST(MessageId, IdsOfOneMinuteSpreadOverATableOfAPowerOfTwo) {
  // One message a millisecond: the bits that a small table looks at are the same in all of them.
  constexpr std::size_t count = 4096;
  MessageIdSource source(1, MessageId{});
  std::unordered_set<std::size_t> buckets;
  for (std::size_t i = 0; i < count; ++i) {
    buckets.insert(std::hash<MessageId>{}(source.next(noon + i * 1ms)) % (2 * count));
  }
  // By chance 79 % of them.
  EXPECT_GT(buckets.size(), count * 7 / 10);
}

TEST(MessageIdSource, TellsTimeAndCore) {
  MessageIdSource source(5, MessageId());
  const MessageId id = source.next(noon + 1234567ns);
  EXPECT_EQ(id.created(), noon + 1ms);
  EXPECT_EQ(id.value() >> 16 & 63, 5U);
  EXPECT_FALSE(id.is_null());
}

TEST(MessageIdSource, AscendsWhenTheClockStandsOrStepsBack) {
  MessageIdSource source(0, MessageId());
  MessageId last;
  for (int i = 0; i < 200'000; ++i) {  // three times the sequence of a millisecond
    const MessageId id = source.next(noon - std::chrono::milliseconds(i % 7));
    ASSERT_GT(id, last);
    last = id;
  }
  EXPECT_EQ(last.created(), noon + 3ms);
}

TEST(MessageIdSource, AscendsPastWhatTheStoreHolds) {
  MessageIdSource before(63, MessageId());
  const MessageId stored = before.next(noon);
  for (const CoreId core : {CoreId{0}, CoreId{62}, CoreId{63}}) {
    MessageIdSource after(core, stored);
    const MessageId id = after.next(noon - 1h);
    EXPECT_GT(id, stored) << core;
    EXPECT_EQ(id.value() >> 16 & 63, core);
    EXPECT_GT(after.next(noon - 1h), id);
  }
}

TEST(MessageIdSource, CoresNeverMakeTheSameId) {
  std::unordered_set<MessageId> seen;
  for (CoreId core = 0; core < 64; ++core) {
    MessageIdSource source(core, MessageId());
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(seen.insert(source.next(noon)).second);
    }
  }
}

TEST(MessageIdSource, IsNeverNullWhateverTheClock) {
  for (const WallTime time :
       {WallTime::min(), WallTime(), *parse_rfc3339("2024-01-01T00:00:00Z")}) {
    MessageIdSource source(0, MessageId());
    const MessageId id = source.next(time);
    EXPECT_FALSE(id.is_null());
    EXPECT_GT(source.next(time), id);
  }
  MessageIdSource far(0, MessageId());
  EXPECT_EQ(encode_rfc3339(far.next(WallTime::max()).created()).substr(0, 4), "2163");
}

TEST(MessageIdSource, RefusesACoreThatIdsHaveNoRoomFor) {
  MessageIdSource source(64, MessageId());
  EXPECT_DEATH((void)source.next(noon), "64 cores");
}

TEST(DeliveryId, OrdersByMessageThenNumberAndHashes) {
  EXPECT_LT((DeliveryId{MessageId(1), 9}), (DeliveryId{MessageId(2), 0}));
  EXPECT_LT((DeliveryId{MessageId(1), 0}), (DeliveryId{MessageId(1), 1}));
  std::unordered_set<DeliveryId> set = {{MessageId(1), 0}, {MessageId(1), 1}, {MessageId(1), 0}};
  EXPECT_EQ(set.size(), 2U);
}

}  // namespace
}  // namespace postrider
