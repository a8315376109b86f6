#include "service/search/index_memory.hpp"

#include <gtest/gtest.h>

namespace postrider::search {
namespace {

struct Maker {
  int made = 0;
  std::string octets;
  std::function<std::string()> make() {
    return [this] {
      ++made;
      return octets;
    };
  }
};

TEST(IndexMemory, MakesAPartOnceWhileItsStampIsTheSame) {
  IndexMemory memory;
  Maker maker{.octets = "words"};
  EXPECT_EQ(*memory.part("a", "1", maker.make()), "words");
  EXPECT_EQ(*memory.part("a", "1", maker.make()), "words");
  EXPECT_EQ(maker.made, 1);
  maker.octets = "more words";
  EXPECT_EQ(*memory.part("a", "2", maker.make()), "more words");
  EXPECT_EQ(maker.made, 2);
  EXPECT_EQ(memory.octets(), maker.octets.size()) << "the old ones have gone";
}

TEST(IndexMemory, WhatWasAskedForLongestAgoGoes) {
  IndexMemory memory(10);
  Maker maker{.octets = "1234"};
  (void)memory.part("a", "1", maker.make());
  (void)memory.part("b", "1", maker.make());
  (void)memory.part("a", "1", maker.make());
  EXPECT_EQ(maker.made, 2);
  (void)memory.part("c", "1", maker.make());
  EXPECT_EQ(memory.octets(), 8U);
  (void)memory.part("a", "1", maker.make());
  EXPECT_EQ(maker.made, 3) << "a was used after b";
  (void)memory.part("b", "1", maker.make());
  EXPECT_EQ(maker.made, 4);
}

TEST(IndexMemory, WhatIsTooLargeIsGivenAndNotKept) {
  IndexMemory memory(10);
  Maker small{.octets = "1234"};
  Maker large{.octets = "12345678901"};
  (void)memory.part("a", "1", small.make());
  EXPECT_EQ(memory.part("b", "1", large.make())->size(), 11U);
  EXPECT_EQ(memory.octets(), 4U);
}

}  // namespace
}  // namespace postrider::search
