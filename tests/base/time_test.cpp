#include <gtest/gtest.h>

#include <postrider/base/random.hpp>
#include <postrider/base/time.hpp>

namespace postrider {
namespace {

using namespace std::chrono_literals;

WallTime at_seconds(std::int64_t seconds) {
  return WallTime(std::chrono::seconds(seconds));
}

TEST(Time, WholeUnitsRoundDownBeforeTheEpochToo) {
  EXPECT_EQ(unix_seconds(WallTime(1999ms)), 1);
  EXPECT_EQ(unix_seconds(WallTime(-1ms)), -1);
  EXPECT_EQ(unix_millis(WallTime(1999us)), 1);
  EXPECT_EQ(unix_millis(WallTime(-1ns)), -1);
}

TEST(Time, MillisOutOfRangeSaturate) {
  EXPECT_EQ(from_unix_millis(INT64_MAX), WallTime::max());
  EXPECT_EQ(from_unix_millis(INT64_MIN), WallTime::min());
  EXPECT_EQ(from_unix_millis(1'500), WallTime(1500ms));
  EXPECT_EQ(unix_millis(from_unix_millis(-7)), -7);
}

TEST(Time, EncodesRfc5322Dates) {
  const struct {
    std::int64_t seconds;
    const char* text;
  } rows[] = {
      {1795359144, "Sun, 22 Nov 2026 14:52:24 +0000"},
      {0, "Thu, 01 Jan 1970 00:00:00 +0000"},
      {-1, "Wed, 31 Dec 1969 23:59:59 +0000"},
      {951782400, "Tue, 29 Feb 2000 00:00:00 +0000"},
      {1709164800, "Thu, 29 Feb 2024 00:00:00 +0000"},
      {4107542400, "Mon, 01 Mar 2100 00:00:00 +0000"},
      {-2203891200, "Thu, 01 Mar 1900 00:00:00 +0000"},
      {9214646399, "Tue, 31 Dec 2261 23:59:59 +0000"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(encode_rfc5322_date(at_seconds(row.seconds)), row.text);
  }
}

TEST(Time, EncodesRfc3339WithMilliseconds) {
  EXPECT_EQ(encode_rfc3339(at_seconds(1795359144) + 123ms + 999us), "2026-11-22T14:52:24.123Z");
  EXPECT_EQ(encode_rfc3339(WallTime(-1ns)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(encode_rfc3339(at_seconds(951782400)), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(encode_rfc3339(WallTime::min()), "1677-09-21T00:12:43.145Z");
  EXPECT_EQ(encode_rfc3339(WallTime::max()), "2262-04-11T23:47:16.854Z");
}

TEST(Time, ParsesRfc3339) {
  EXPECT_EQ(parse_rfc3339("2026-11-22T14:52:24.123Z"), at_seconds(1795359144) + 123ms);
  EXPECT_EQ(parse_rfc3339("2026-11-22t14:52:24z"), at_seconds(1795359144));
  EXPECT_EQ(parse_rfc3339("2026-11-22 14:52:24+01:30"), at_seconds(1795359144 - 5400));
  EXPECT_EQ(parse_rfc3339("2026-11-22T14:52:24-00:30"), at_seconds(1795359144 + 1800));
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00.1234567899Z"), WallTime(123456789ns));
  EXPECT_EQ(parse_rfc3339("2016-12-31T23:59:60Z"), at_seconds(1483228800));  // a leap second
}

TEST(Time, RefusesWhatIsNotRfc3339) {
  for (const char* text : {"",
                           "2026-11-22",
                           "2026-11-22T14:52:24",
                           "2026-13-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2100-02-29T00:00:00Z",
                           "2026-00-10T00:00:00Z",
                           "2026-11-00T00:00:00Z",
                           "2026-11-22T24:00:00Z",
                           "2026-11-22T14:60:24Z",
                           "2026-11-22T14:52:61Z",
                           "2026-11-22T14:52:24.Z",
                           "2026-11-22T14:52:24Zx",
                           "2026-11-22T14:52:24+0100",
                           "2026-11-22T14:52:24+24:00",
                           "2026-11-22T14:52:24+00:60",
                           "26-11-22T14:52:24Z",
                           "1677-12-31T00:00:00Z",
                           "2262-01-01T00:00:00Z",
                           "9999-12-31T23:59:59Z",
                           "+026-11-22T14:52:24Z",
                           "2026-1 -22T14:52:24Z",
                           " 2026-11-22T14:52:24Z"}) {
    EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
  }
}

TEST(Time, Rfc3339RoundTripsToTheMillisecond) {
  SeededRandom random(1);
  for (int i = 0; i < 20'000; ++i) {
    // 1678 to 2261
    const auto millis =
        static_cast<std::int64_t>(random.below(18'400'000'000'000)) - 9'200'000'000'000;
    const WallTime time = from_unix_millis(millis);
    ASSERT_EQ(parse_rfc3339(encode_rfc3339(time)), time) << "seed 1, millis " << millis;
  }
}

TEST(Duration, ParsesSums) {
  EXPECT_EQ(parse_duration("250ms"), Duration(250ms));
  EXPECT_EQ(parse_duration("30s"), Duration(30s));
  EXPECT_EQ(parse_duration("1h30m"), Duration(90min));
  EXPECT_EQ(parse_duration("5d"), Duration(120h));
  EXPECT_EQ(parse_duration("1d2h3m4s5ms"), Duration(26h + 3min + 4s + 5ms));
  EXPECT_EQ(parse_duration("0s"), Duration(0));
  EXPECT_EQ(parse_duration("0090m"), Duration(90min));
  EXPECT_EQ(parse_duration("10000d"), Duration(std::chrono::days(10'000)));
}

TEST(Duration, RefusesTheRest) {
  for (const char* text : {"",
                           "5",
                           "0",
                           "m",
                           "5 m",
                           " 5m",
                           "5m ",
                           "-5m",
                           "+5m",
                           "1.5h",
                           "5M",
                           "5min",
                           "30m1h",
                           "5m5m",
                           "1h30",
                           "10001d",
                           "10000d1ms",
                           "99999999999999999999s",
                           "18446744073709551615d",
                           "5w",
                           "1y",
                           "5us",
                           "5m\n",
                           "5m,3s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_duration(std::string_view("5m\0", 3)), std::nullopt);
}

TEST(Duration, EncodesTheShortestText) {
  const struct {
    Duration duration;
    const char* text;
  } rows[] = {
      {0ns, "0s"},        {499us, "0s"}, {500us, "0s"},       {501us, "1ms"}, {1500ms, "1500ms"},
      {60s, "1m"},        {90s, "90s"},  {90min, "90m"},      {24h, "1d"},    {25h, "25h"},
      {24h + 1s, "1d1s"}, {120h, "5d"},  {1h + 5ms, "1h5ms"}, {-300s, "-5m"}, {1ms, "1ms"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(encode_duration(row.duration), row.text);
  }
}

TEST(Duration, EncodesItsOwnEnds) {
  EXPECT_EQ(encode_duration(Duration::max()), "9223372036855ms");
  EXPECT_EQ(encode_duration(Duration::min()), "-9223372036855ms");
  EXPECT_EQ(encode_duration(1500us), "2ms");
  EXPECT_EQ(encode_duration(-1500us), "-2ms");
  EXPECT_EQ(encode_duration(2500us), "2ms");
}

TEST(Duration, RoundTripsToTheMillisecond) {
  SeededRandom random(2);
  for (int i = 0; i < 5'000; ++i) {
    const auto bits = random.below(38);
    const auto millis = std::chrono::milliseconds(random.below(1ULL << bits));
    ASSERT_EQ(parse_duration(encode_duration(millis)), Duration(millis))
        << "seed 2, " << millis.count();
  }
  EXPECT_EQ(parse_duration(encode_duration(std::chrono::days(10'000))),
            Duration(std::chrono::days(10'000)));
}

}  // namespace
}  // namespace postrider
