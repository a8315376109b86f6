#include <gtest/gtest.h>

#include <postrider/base/random.hpp>
#include <postrider/codec/mime/date.hpp>

namespace postrider::mime {
namespace {

using namespace std::chrono_literals;

TEST(Date, ParsesStandardAndObsoleteForms) {
  const struct {
    const char* text;
    const char* utc;
    int offset;
    bool known;
  } rows[] = {
      {"Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06.000Z", -360, true},
      {"21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06.000Z", -360, true},
      {"Sun, 1 Mar 2026 09:55 +0530", "2026-03-01T04:25:00.000Z", 330, true},
      {" Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 "
       "(Newfoundland Time)",
       "1969-02-14T03:02:00.000Z", -210, true},                         // RFC 5322 A.5
      {"21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06.000Z", 0, true},  // RFC 5322 A.6.2
      {"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T15:55:06.000Z", -360, true},
      {"1 Jan 49 00:00 UT", "2049-01-01T00:00:00.000Z", 0, true},
      {"1 Jan 50 00:00 UT", "1950-01-01T00:00:00.000Z", 0, true},
      {"1 Jan 126 00:00 UT", "2026-01-01T00:00:00.000Z", 0, true},
      {"1 Jan 2026 00:00:00 PDT", "2026-01-01T07:00:00.000Z", -420, true},
      {"1 Jan 2026 00:00:00 est", "2026-01-01T05:00:00.000Z", -300, true},
      {"1 Jan 2026 00:00:00 -0000", "2026-01-01T00:00:00.000Z", 0, false},
      {"1 Jan 2026 00:00:00 +0000", "2026-01-01T00:00:00.000Z", 0, true},
      {"1 Jan 2026 00:00:00 Z", "2026-01-01T00:00:00.000Z", 0, false},
      {"1 Jan 2026 00:00:00 MEZ", "2026-01-01T00:00:00.000Z", 0, false},
      {"29 feb 2024 23:59:60 +0000", "2024-03-01T00:00:00.000Z", 0, true},
      {"Mon, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06.000Z", -360, true},  // was a Friday
      {"1 Jan 2026 00:00:00 +9959", "2025-12-27T20:01:00.000Z", 5999, true},
      {"1 Jan 2026 9:05:06 +0000", "2026-01-01T09:05:06.000Z", 0, true},
  };
  for (const auto& row : rows) {
    const auto date = parse_date(row.text);
    ASSERT_TRUE(date) << row.text;
    EXPECT_EQ(encode_rfc3339(date->time), row.utc) << row.text;
    EXPECT_EQ(date->offset, std::chrono::minutes(row.offset)) << row.text;
    EXPECT_EQ(date->zone_known, row.known) << row.text;
  }
}

TEST(Date, RefusesTheRest) {
  for (const char* text : {"",
                           " ",
                           "Fri",
                           "Fri,",
                           "21",
                           "21 Nov",
                           "21 Nov 1997",
                           "21 Nov 1997 09:55:06",
                           "Fri 21 Nov 1997 09:55:06 -0600",
                           "Xyz, 21 Nov 1997 09:55:06 -0600",
                           "31 Nov 1997 09:55:06 -0600",
                           "29 Feb 2023 00:00:00 +0000",
                           "0 Nov 1997 09:55:06 -0600",
                           "32 Oct 1997 09:55:06 -0600",
                           "21 Nox 1997 09:55:06 -0600",
                           "21 November 1997 09:55:06 -0600",
                           "21 Nov 1 09:55:06 -0600",
                           "21 Nov 1899 09:55:06 -0600",
                           "21 Nov 2262 09:55:06 -0600",
                           "21 Nov 10000 09:55:06 -0600",
                           "21 Nov 1997 24:00:00 -0600",
                           "21 Nov 1997 09:60:06 -0600",
                           "21 Nov 1997 09:55:61 -0600",
                           "21 Nov 1997 09:5:06 -0600",
                           "21 Nov 1997 09:55:06 -060",
                           "21 Nov 1997 09:55:06 -06000",
                           "21 Nov 1997 09:55:06 -0660",
                           "21 Nov 1997 09:55:06 +06:00",
                           "21 Nov 1997 09:55:06 -0600 x",
                           "21 Nov 1997 09:55:06 (no zone)",
                           "21 Nov 1997 09:55:06 -0600 (open",
                           "2026-11-22T14:52:24Z",
                           "99999999999999999999 Nov 1997 09:55:06 -0600"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
}

TEST(Date, ReadsWhatBaseWrites) {
  SeededRandom random(23);
  for (int i = 0; i < 20'000; ++i) {
    // 1900 to 2261
    const auto second = static_cast<std::int64_t>(random.below(11'400'000'000)) - 2'200'000'000;
    const WallTime time{std::chrono::seconds(second)};
    const auto date = parse_date(encode_rfc5322_date(time));
    ASSERT_EQ(date, (ZonedDate{time, 0min, true})) << "seed 23: " << second;
  }
}

}  // namespace
}  // namespace postrider::mime
