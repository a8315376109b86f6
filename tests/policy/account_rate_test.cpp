#include <gtest/gtest.h>

#include <postrider/policy/account_rate.hpp>

namespace postrider::policy {
namespace {

using std::chrono::minutes;

int admitted(AccountRate& rate, const Identity& account, MonoTime now, int tries) {
  int count = 0;
  for (int i = 0; i < tries; ++i) {
    count += rate.admit(account, now) ? 1 : 0;
  }
  return count;
}

TEST(AccountRate, EachAccountHasItsOwnOrTheListeners) {
  AccountRate rate({.count = 5, .per = std::chrono::hours(1)}, 100);
  const Identity plain{.name = "plain@x"};
  const Identity slow{.name = "slow@x", .messages_per_hour = 3};
  const Identity fast{.name = "fast@x", .messages_per_hour = 1000};
  const MonoTime start{minutes(1)};
  EXPECT_EQ(admitted(rate, plain, start, 20), 5);
  EXPECT_EQ(admitted(rate, slow, start, 20), 3);
  EXPECT_EQ(admitted(rate, fast, start, 2000), 1000);
  EXPECT_EQ(admitted(rate, slow, start + minutes(19), 20), 0);
  EXPECT_EQ(admitted(rate, slow, start + minutes(21), 20), 1);
  EXPECT_EQ(admitted(rate, fast, start + minutes(6), 2000), 100);
}

}  // namespace
}  // namespace postrider::policy
