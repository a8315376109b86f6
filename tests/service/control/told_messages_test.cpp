#include "service/control/told_messages.hpp"

#include <gtest/gtest.h>

namespace postrider::control {
namespace {

// An id that was given so long before `now`.
MessageId id_of(WallTime now, Duration before, CoreId core = 0) {
  MessageIdSource source(core, {});
  return source.next(now - before);
}

const WallTime now = *parse_rfc3339("2026-11-23T06:00:00Z");

TEST(ToldMessages, KnowsWhatItWasMadeOf) {
  const std::vector<MessageId> held = {
      id_of(now, std::chrono::hours(72)), id_of(now, std::chrono::hours(30)),
      id_of(now, std::chrono::hours(3)), id_of(now, std::chrono::seconds(1))};
  const ToldMessages told = ToldMessages::of(held, {}, now);
  for (const MessageId id : held) {
    EXPECT_TRUE(told.contains(id)) << id.text();
  }
  EXPECT_EQ(told.last, now);
  EXPECT_EQ(told.ids.size(), 2U) << "a bound serves for the older ones";
}

TEST(ToldMessages, DoesNotKnowOneThatCameLaterUnderASmallerId) {
  const ToldMessages told = ToldMessages::of({id_of(now, std::chrono::minutes(1))}, {}, now);
  EXPECT_FALSE(told.contains(id_of(now, std::chrono::minutes(2)))) << "it took long to come";
  EXPECT_FALSE(told.contains(id_of(now, std::chrono::hours(23))));
  EXPECT_FALSE(told.contains(id_of(now, Duration{})));
}

TEST(ToldMessages, ForgetsNothingThatIsStillHeld) {
  std::vector<MessageId> held;
  ToldMessages told;
  for (int day = 0; day < 5; ++day) {
    const WallTime then = now + std::chrono::hours(24 * day);
    held.push_back(id_of(then, std::chrono::minutes(5)));
    EXPECT_FALSE(told.contains(held.back()));
    told = ToldMessages::of(held, told, then);
    for (const MessageId id : held) {
      EXPECT_TRUE(told.contains(id));
    }
    EXPECT_LE(told.ids.size(), 2U);
  }
}

TEST(ToldMessages, ReadsBackWhatItWrote) {
  const ToldMessages told =
      ToldMessages::of({id_of(now, std::chrono::hours(72)), id_of(now, std::chrono::hours(2)),
                        id_of(now, std::chrono::hours(1), 5)},
                       {}, now);
  const std::string octets = told.encode();
  EXPECT_EQ(ToldMessages::parse(octets), told);
  EXPECT_EQ(ToldMessages::parse(ToldMessages{}.encode()), ToldMessages{});
  for (std::size_t size = 0; size < octets.size(); ++size) {
    EXPECT_EQ(ToldMessages::parse(octets.substr(0, size)), std::nullopt) << size;
  }
  EXPECT_EQ(ToldMessages::parse(octets + "x"), std::nullopt);
  EXPECT_EQ(ToldMessages::parse("\x02" + octets.substr(1)), std::nullopt) << "another version";
}

}  // namespace
}  // namespace postrider::control
