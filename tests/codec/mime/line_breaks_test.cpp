#include <gtest/gtest.h>

#include <postrider/base/random.hpp>
#include <postrider/codec/mime/line_breaks.hpp>

namespace postrider::mime {
namespace {

TEST(LineBreaks, FindsTheFirstBareOne) {
  const std::pair<const char*, std::optional<std::size_t>> rows[] = {
      {"", std::nullopt},
      {"abc", std::nullopt},
      {"a\r\nb\r\n", std::nullopt},
      {"\n", 0},
      {"\r", 0},
      {"a\r\n\n", 3},
      {"a\r\r\n", 1},
      {"a\r\n\r", 3},
      {"\r\n.\n\r\n", 3},
      {"\r\n.\r\r\n", 3},
      {"a\n\r", 1},
      {"a\rb\nc", 1},
  };
  for (const auto& [octets, at] : rows) {
    EXPECT_EQ(find_bare_line_break(octets), at) << testing::PrintToString(octets);
    ContentScan scan;
    scan.update(octets);
    EXPECT_EQ(scan.bare_line_break(), at) << testing::PrintToString(octets);
    EXPECT_EQ(scan.has_bare_line_break(), at.has_value());
  }
}

std::string normalized(std::string_view octets) {
  LineBreakNormalizer normalizer;
  std::string out;
  normalizer.update(octets, out);
  normalizer.finish(out);
  return out;
}

TEST(LineBreaks, NormalizesEachBareOne) {
  EXPECT_EQ(normalized("a\nb\rc\r\nd"), "a\r\nb\r\nc\r\nd");
  EXPECT_EQ(normalized("\n\n\r\r"), "\r\n\r\n\r\n\r\n");
  EXPECT_EQ(normalized("\n\r\n"), "\r\n\r\n");
  EXPECT_EQ(normalized("\r\r\n"), "\r\n\r\n");
  EXPECT_EQ(normalized(""), "");
}

std::string random_octets(SeededRandom& random, std::size_t most) {
  constexpr std::string_view alphabet("\r\n\r\nab\0\xE4", 8);
  std::string octets;
  for (auto n = random.below(most); n > 0; --n) {
    octets += alphabet[random.below(alphabet.size())];
  }
  return octets;
}

TEST(LineBreaks, AnySplitGivesTheSame) {
  SeededRandom random(21);
  for (int i = 0; i < 20'000; ++i) {
    // Longer than a register now and then: those are searched another way.
    const std::string octets = random_octets(random, random.below(8) == 0 ? 100 : 16);
    ContentScan whole;
    whole.update(octets);
    ContentScan split_scan;
    LineBreakNormalizer normalizer;
    std::string out;
    for (std::size_t at = 0; at < octets.size();) {
      const std::size_t step = std::min<std::size_t>(random.below(4), octets.size() - at);
      split_scan.update(std::string_view(octets).substr(at, step));
      normalizer.update(std::string_view(octets).substr(at, step), out);
      at += step;
    }
    normalizer.finish(out);
    ASSERT_EQ(out, normalized(octets)) << "seed 21";
    ASSERT_EQ(find_bare_line_break(out), std::nullopt) << "seed 21";
    ASSERT_EQ(normalizer.repaired() > 0, find_bare_line_break(octets).has_value());
    ASSERT_EQ(split_scan.bare_line_break(), whole.bare_line_break()) << "seed 21";
    ASSERT_EQ(whole.bare_line_break(), find_bare_line_break(octets)) << "seed 21";
    ASSERT_EQ(split_scan.has_8bit(), whole.has_8bit());
    ASSERT_EQ(whole.has_8bit(), octets.find('\xE4') != std::string::npos);
    ASSERT_EQ(split_scan.has_nul(), whole.has_nul());
    ASSERT_EQ(whole.has_nul(), octets.find('\0') != std::string::npos);
    ASSERT_EQ(split_scan.longest_line_octets(), whole.longest_line_octets()) << "seed 21";
    ASSERT_EQ(whole.octets(), octets.size());
  }
}

TEST(LineBreaks, MeasuresTheLongestLine) {
  const std::pair<const char*, std::uint64_t> rows[] = {
      {"", 0},          {"abc", 3},           {"abc\r\n", 3},
      {"a\r\nabcd", 4}, {"abcd\r\na\r\n", 4}, {"ab\nabc\rx", 3}};
  for (const auto& [octets, longest] : rows) {
    ContentScan scan;
    scan.update(octets);
    EXPECT_EQ(scan.longest_line_octets(), longest) << testing::PrintToString(octets);
  }
}

// A search for the next LF at each CR would take minutes here.
TEST(LineBreaks, ABodyOfOneKindOfBreakIsLinear) {
  for (const char c : {'\r', '\n'}) {
    const std::string octets(1 << 20, c);
    EXPECT_EQ(normalized(octets).size(), 2 * octets.size());
    EXPECT_EQ(find_bare_line_break(octets), 0U);
    ContentScan scan;
    scan.update(octets);
    EXPECT_EQ(scan.longest_line_octets(), 0U);
  }
}

}  // namespace
}  // namespace postrider::mime
