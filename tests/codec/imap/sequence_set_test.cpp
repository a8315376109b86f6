#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/random.hpp>
#include <postrider/codec/imap/limits.hpp>
#include <postrider/codec/imap/sequence_set.hpp>

namespace postrider::imap {
namespace {

std::string resolved(std::string_view text, std::uint32_t largest) {
  const auto set = parse_sequence_set(text);
  if (!set) {
    return "bad";
  }
  EXPECT_EQ(parse_sequence_set(encode_sequence_set(*set)), set) << text;
  std::string out;
  encode_runs(resolve(*set, largest), out);
  return out;
}

TEST(ImapSequenceSet, IsReadAndResolved) {  // RFC 9051 9 and 6.4.9
  const struct {
    std::string_view text;
    std::uint32_t largest;
    std::string_view runs;
  } rows[] = {
      {"1", 10, "1"},
      {"2,4:7,9,12:*", 15, "2,4:7,9,12:15"},
      {"*:4,5:7", 10, "4:10"},
      // Clients look for what is new so, and want the last one.
      {"559:*", 12, "12:559"},
      {"*", 7, "7"},
      {"*", 0, ""},
      {"*:*", 0, ""},
      {"3:*", 0, "3"},
      {"4294967295:1", 5, "1:4294967295"},
      {"7,5,6,1,1", 9, "1,5:7"},
      {"1:4294967295,4294967295", 9, "1:4294967295"},
      {"", 9, "bad"},
      {",", 9, "bad"},
      {"1,", 9, "bad"},
      {",1", 9, "bad"},
      {"0", 9, "bad"},
      {"01", 9, "bad"},
      {"1:0", 9, "bad"},
      {"1:2:3", 9, "bad"},
      {":", 9, "bad"},
      {"4294967296", 9, "bad"},
      {"18446744073709551617", 9, "bad"},
      {"-1", 9, "bad"},
      {"1 ", 9, "bad"},
      {"1,$", 9, "bad"},
      {"**", 9, "bad"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(resolved(row.text, row.largest), row.runs) << row.text;
  }
}

TEST(ImapSequenceSet, DollarIsTheSavedResult) {  // RFC 5182 2.1
  const auto set = parse_sequence_set("$");
  ASSERT_TRUE(set.has_value());
  EXPECT_TRUE(set->saved);
  EXPECT_EQ(encode_sequence_set(*set), "$");
  EXPECT_TRUE(resolve(*set, 10).empty());
}

TEST(ImapSequenceSet, HoldsABoundedCountOfRanges) {
  std::string text = "1";
  for (std::size_t i = 1; i < ranges_max; ++i) {
    text += ",1";
  }
  EXPECT_TRUE(parse_sequence_set(text).has_value());
  EXPECT_FALSE(parse_sequence_set(text + ",1").has_value());
}

TEST(ImapSequenceSet, ResolvesAsASetOfNumbersDoes) {
  SeededRandom random(3);
  for (int round = 0; round < 500; ++round) {
    SequenceSet set;
    std::vector<bool> member(40);
    const auto largest = static_cast<std::uint32_t>(1 + random.below(39));
    for (std::uint64_t i = random.below(6); i > 0; --i) {
      const SequenceSet::Range range{static_cast<std::uint32_t>(random.below(40)),
                                     static_cast<std::uint32_t>(random.below(40))};
      set.ranges.push_back(range);
      const std::uint32_t a = range.first == 0 ? largest : range.first;
      const std::uint32_t b = range.last == 0 ? largest : range.last;
      for (std::uint32_t n = std::min(a, b); n <= std::max(a, b); ++n) {
        member[n] = true;
      }
    }
    std::vector<std::uint32_t> numbers;
    for (std::uint32_t n = 0; n < member.size(); ++n) {
      if (member[n]) {
        numbers.push_back(n);
      }
    }
    const auto runs = resolve(set, largest);
    EXPECT_EQ(runs, runs_of(numbers)) << encode_sequence_set(set);
    for (std::uint32_t n = 1; n < member.size(); ++n) {
      EXPECT_EQ(contains(runs, n), member[n]) << n;
    }
    std::string from_runs;
    std::string from_numbers;
    encode_runs(runs, from_runs);
    encode_numbers(numbers, from_numbers);
    EXPECT_EQ(from_runs, from_numbers);
  }
}

}  // namespace
}  // namespace postrider::imap
