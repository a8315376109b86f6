#include <gtest/gtest.h>
#include <string>

#include <postrider/policy/rate_limiter.hpp>

namespace postrider::policy {
namespace {

using std::chrono::seconds;

TEST(RateLimiter, LetsABurstInAndThenTheRate) {
  RateLimiter limiter({10, seconds(10)}, 100);
  const MonoTime start{seconds(1000)};
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(limiter.admit("a", start));
  }
  EXPECT_FALSE(limiter.admit("a", start));
  EXPECT_TRUE(limiter.admit("b", start)) << "another key";
  EXPECT_FALSE(limiter.admit("a", start + std::chrono::milliseconds(900)));
  EXPECT_TRUE(limiter.admit("a", start + seconds(1)));
  EXPECT_FALSE(limiter.admit("a", start + seconds(1)));
  int later = 0;
  for (int i = 0; i < 100; ++i) {
    later += limiter.admit("a", start + seconds(500)) ? 1 : 0;
  }
  EXPECT_EQ(later, 10) << "an idle key saves up one burst, not more";
}

TEST(RateLimiter, StrangersDoNotMakeItGrow) {
  RateLimiter limiter({1, seconds(10)}, 10);
  const MonoTime start{seconds(1000)};
  EXPECT_TRUE(limiter.admit("busy", start));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(limiter.admit(std::to_string(i), start));
    EXPECT_FALSE(limiter.admit("busy", start)) << "what is in use is not forgotten";
  }
}

}  // namespace
}  // namespace postrider::policy
