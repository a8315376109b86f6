#include <gtest/gtest.h>

#include <postrider/base/random.hpp>
#include <postrider/base/units.hpp>

namespace postrider {
namespace {

using namespace std::chrono_literals;

TEST(Size, ParsesBothKindsOfSuffix) {
  EXPECT_EQ(parse_size("4096"), 4096U);
  EXPECT_EQ(parse_size("0"), 0U);
  EXPECT_EQ(parse_size("10B"), 10U);
  EXPECT_EQ(parse_size("25MB"), 25'000'000U);
  EXPECT_EQ(parse_size("25M"), 25'000'000U);
  EXPECT_EQ(parse_size("25mb"), 25'000'000U);
  EXPECT_EQ(parse_size("64KiB"), 65'536U);
  EXPECT_EQ(parse_size("64Ki"), 65'536U);
  EXPECT_EQ(parse_size("1GiB"), 1ULL << 30);
  EXPECT_EQ(parse_size("2TB"), 2'000'000'000'000U);
  EXPECT_EQ(parse_size("16777215TiB"), 16777215ULL << 40);
  EXPECT_EQ(parse_size("18446744073709551615"), UINT64_MAX);
}

TEST(Size, RefusesTheRest) {
  for (const char* text :
       {"", "MB", "-1", "+1", "1.5MB", "25 MB", " 25MB", "25MB ", "25XB", "25MiBi", "25iB",
        "18446744073709551616", "16777216TiB", "18446745TB", "1e3", "0x10"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(Size, EncodesTheShortestExactText) {
  EXPECT_EQ(encode_size(0), "0");
  EXPECT_EQ(encode_size(1023), "1023");
  EXPECT_EQ(encode_size(4096), "4KiB");
  EXPECT_EQ(encode_size(25'000'000), "25MB");
  EXPECT_EQ(encode_size(25 << 20), "25MiB");
  EXPECT_EQ(encode_size(UINT64_MAX), "18446744073709551615");
}

TEST(Size, RoundTrips) {
  SeededRandom random(3);
  for (int i = 0; i < 5'000; ++i) {
    const std::uint64_t size = random.next_u64() >> random.below(64) << random.below(30);
    ASSERT_EQ(parse_size(encode_size(size)), size) << "seed 3";
  }
}

TEST(Rate, Parses) {
  EXPECT_EQ(parse_rate("100/s"), (Rate{100, 1s}));
  EXPECT_EQ(parse_rate("30/m"), (Rate{30, 1min}));
  EXPECT_EQ(parse_rate("1000/h"), (Rate{1000, 1h}));
  EXPECT_EQ(parse_rate("50000/d"), (Rate{50000, 24h}));
}

TEST(Rate, RefusesTheRest) {
  for (const char* text : {"", "100", "/s", "100/", "0/s", "-1/s", "100/S", "100/ms", "100 /s",
                           "100/s ", "1.5/s", "100/5m", "18446744073709551616/s"}) {
    EXPECT_EQ(parse_rate(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace postrider
