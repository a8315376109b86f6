#include "histogram.hpp"

#include <gtest/gtest.h>
#include <random>

namespace postrider::tools {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram histogram;
  EXPECT_EQ(histogram.quantile(0.99), Duration(0));
  EXPECT_EQ(histogram.mean(), Duration(0));
  EXPECT_TRUE(histogram.buckets().empty());
}

TEST(Histogram, KnowsQuantilesToOnePercent) {
  Histogram histogram;
  for (int i = 1; i <= 100'000; ++i) {
    histogram.record(microseconds(i));
  }
  for (const double share : {0.001, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const double exact = share * 100'000;
    const double found = static_cast<double>(histogram.quantile(share).count()) / 1000;
    EXPECT_GE(found, exact) << share;
    EXPECT_LE(found, exact * 1.01) << share;
  }
  EXPECT_EQ(histogram.max(), microseconds(100'000));
}

TEST(Histogram, NeverExceedsTheLargestValue) {
  Histogram histogram;
  histogram.record(microseconds(1'000'003));
  EXPECT_EQ(histogram.quantile(0.5), microseconds(1'000'003));
}

TEST(Histogram, HoldsWhatIsOutOfRange) {
  Histogram histogram;
  histogram.record(Duration(-5));                  // a clock that stepped back
  histogram.record(std::chrono::hours(24 * 365));  // past the last bucket
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.quantile(0.5), Duration(0));
  EXPECT_EQ(histogram.max(), std::chrono::hours(24 * 365));
}

TEST(Histogram, BucketsHoldEveryValueUnderTheirBound) {
  Histogram histogram;
  std::mt19937_64 random(1);
  std::uint64_t recorded = 0;
  for (; recorded < 10'000; ++recorded) {
    histogram.record(microseconds(random() >> (random() % 40 + 24)));
  }
  std::uint64_t held = 0;
  Duration before(-1);
  for (const auto& bucket : histogram.buckets()) {
    EXPECT_GT(bucket.upper, before);
    before = bucket.upper;
    held += bucket.count;
  }
  EXPECT_EQ(held, recorded);
}

}  // namespace
}  // namespace postrider::tools
