#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

#include <postrider/base/random.hpp>

namespace postrider {
namespace {

// An answer that never changes, so that the arithmetic of below() shows.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(std::vector<std::uint64_t> values) : values_(std::move(values)) {}
  void fill(std::span<std::byte> out) override {
    const auto source = std::as_bytes(std::span(values_).subspan(next_++, 1));
    std::copy(source.begin(), source.end(), out.begin());
  }

 private:
  std::vector<std::uint64_t> values_;
  std::size_t next_ = 0;
};

// The reference implementation's first outputs for splitmix64 seeding with 0.
TEST(SeededRandom, IsXoshiro) {
  SeededRandom random(0);
  EXPECT_EQ(random.next_u64(), 0x99EC5F36CB75F2B4ULL);
  EXPECT_EQ(random.next_u64(), 0xBF6E1F784956452AULL);
  EXPECT_EQ(random.next_u64(), 0x1A5F849D4933E6E0ULL);
}

TEST(SeededRandom, FillsEveryOctetAndStops) {
  for (std::size_t length = 0; length < 40; ++length) {
    SeededRandom random(7);
    std::vector<std::uint64_t> first((length + 7) / 8);
    std::string filled(length + 1, '\x5A');
    random.fill(std::as_writable_bytes(std::span(filled).first(length)));
    EXPECT_EQ(filled.back(), '\x5A');
    SeededRandom again(7);
    for (auto& word : first) {
      word = again.next_u64();
    }
    EXPECT_EQ(filled.substr(0, length),
              std::string(reinterpret_cast<const char*>(first.data()), length));
  }
}

TEST(Random, BelowThrowsAwayWhatWouldBeUneven) {
  // 2^64 mod 3 = 1: the one product whose low half is 0 has to go.
  FixedRandom random({0, UINT64_MAX});
  EXPECT_EQ(random.below(3), 2U);
}

TEST(Random, BelowCoversItsRange) {
  SeededRandom random(8);
  std::vector<int> seen(10);
  for (int i = 0; i < 10'000; ++i) {
    const auto n = random.below(10);
    ASSERT_LT(n, 10U);
    ++seen[n];
  }
  for (const int count : seen) {
    EXPECT_GT(count, 800);
    EXPECT_LT(count, 1200);
  }
  EXPECT_EQ(random.below(1), 0U);
  EXPECT_DEATH((void)random.below(0), "below zero");
}

TEST(Random, UnitStaysBelowOne) {
  FixedRandom random({UINT64_MAX, 0});
  EXPECT_LT(random.unit(), 1.0);
  EXPECT_EQ(random.unit(), 0.0);
}

TEST(SystemRandom, NeverRepeatsAcrossItsBlocks) {
  SystemRandom random;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_TRUE(seen.insert(random.next_u64()).second);
  }
  // Sizes that end inside a block, span two and pass by the block.
  for (const std::size_t size :
       {std::size_t{5}, std::size_t{1000}, std::size_t{1024}, std::size_t{5000}}) {
    std::string octets(size, '\0');
    random.fill(std::as_writable_bytes(std::span(octets)));
    EXPECT_NE(octets, std::string(size, '\0'));
    EXPECT_NE(octets.substr(size - 5), std::string(5, '\0'));
  }
}

}  // namespace
}  // namespace postrider
