#include <gtest/gtest.h>

#include <postrider/policy/retry_schedule.hpp>

namespace postrider::policy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr WallTime received = WallTime(hours(24 * 365 * 56));

RetrySchedule exact(RetrySettings settings = {}) {
  settings.jitter = 0;
  return RetrySchedule(std::move(settings));
}

TEST(RetrySchedule, FollowsTheListAndRepeatsTheLast) {
  SeededRandom random(1);
  const auto schedule = exact();
  const Duration wanted[] = {minutes(5), minutes(10), minutes(20), minutes(40), hours(1),
                             hours(2),   hours(4),    hours(4),    hours(4)};
  for (std::uint32_t attempt = 1; attempt <= std::size(wanted); ++attempt) {
    const auto due = schedule.next_due(attempt, {received, {}}, received + hours(1), random);
    ASSERT_TRUE(due.has_value());
    EXPECT_EQ(*due - received - hours(1), wanted[attempt - 1]) << attempt;
  }
}

TEST(RetrySchedule, MakesTheLastAttemptAtMaxAgeAndNoneAfterwards) {
  SeededRandom random(1);
  const auto schedule = exact();
  EXPECT_EQ(schedule.next_due(20, {received, {}}, received + hours(119), random),
            received + hours(120));
  EXPECT_EQ(schedule.next_due(20, {received, {}}, received + hours(120), random), std::nullopt);
  EXPECT_FALSE(schedule.is_expired({received, {}}, received + hours(120) - seconds(1)));
}

TEST(RetrySchedule, TimeHeldDoesNotCount) {
  SeededRandom random(1);
  const auto schedule = exact();
  const RetrySchedule::Age age{received, hours(48)};
  EXPECT_TRUE(schedule.next_due(20, age, received + hours(120), random).has_value());
  EXPECT_EQ(schedule.expires(age), received + hours(168));
  EXPECT_FALSE(schedule.is_warning_due(age, received + hours(51)));
  EXPECT_TRUE(schedule.is_warning_due(age, received + hours(52)));
}

TEST(RetrySchedule, DrawsAroundTheInterval) {
  SeededRandom random(7);
  RetrySettings settings;
  settings.jitter = 0.2;
  const RetrySchedule schedule(settings);
  bool shorter = false;
  bool longer = false;
  for (int i = 0; i < 1000; ++i) {
    const auto due = schedule.next_due(1, {received, {}}, received, random);
    ASSERT_TRUE(due.has_value());
    const Duration interval = *due - received;
    EXPECT_GE(interval, minutes(4));
    EXPECT_LE(interval, minutes(6));
    shorter |= interval < minutes(5) - seconds(20);
    longer |= interval > minutes(5) + seconds(20);
  }
  EXPECT_TRUE(shorter && longer);
}

TEST(RetrySchedule, AnEmptyOrTinyListDoesNotSpin) {
  SeededRandom random(1);
  RetrySettings settings;
  settings.intervals = {Duration{}};
  EXPECT_EQ(*exact(settings).next_due(1, {received, {}}, received, random), received + seconds(1));
  settings.intervals.clear();
  EXPECT_EQ(*exact(settings).next_due(1, {received, {}}, received, random), received + minutes(5));
  settings.warn_after = {};
  EXPECT_FALSE(exact(settings).is_warning_due({received, {}}, received + hours(100)));
}

}  // namespace
}  // namespace postrider::policy
