#include "flow/header_changes.hpp"

#include <gtest/gtest.h>
#include <string>

namespace postrider::flow {
namespace {

using enum HeaderChange::Kind;

const std::string header = "A: 1\r\nB: 2\r\n folded\r\na: 3\r\n\r\n";

std::string changed(const HeaderChange& change) {
  const auto out = apply_changes(header, {change});
  return out ? *out : "error: " + out.error();
}

TEST(HeaderChanges, EachKindDoesWhatItSays) {
  EXPECT_EQ(changed({append, "X", " y", 0}), "A: 1\r\nB: 2\r\n folded\r\na: 3\r\nX: y\r\n\r\n");
  EXPECT_EQ(changed({insert, "X", " y", 0}), "X: y\r\nA: 1\r\nB: 2\r\n folded\r\na: 3\r\n\r\n");
  EXPECT_EQ(changed({insert, "X", "y", 2}), "A: 1\r\nB: 2\r\n folded\r\nX:y\r\na: 3\r\n\r\n");
  EXPECT_EQ(changed({insert, "X", "y", 1000}), "A: 1\r\nB: 2\r\n folded\r\na: 3\r\nX:y\r\n\r\n");
  EXPECT_EQ(changed({replace, "b", " y", 1}), "A: 1\r\nb: y\r\na: 3\r\n\r\n");
  EXPECT_EQ(changed({replace, "A", " y", 2}), "A: 1\r\nB: 2\r\n folded\r\nA: y\r\n\r\n");
  EXPECT_EQ(changed({replace, "A", " y", 3}), "A: 1\r\nB: 2\r\n folded\r\na: 3\r\nA: y\r\n\r\n");
  EXPECT_EQ(changed({remove, "a", "", 0}), "B: 2\r\n folded\r\n\r\n");
  EXPECT_EQ(changed({remove, "a", "", 1}), "B: 2\r\n folded\r\na: 3\r\n\r\n");
  EXPECT_EQ(changed({remove, "a", "", -1}), "A: 1\r\nB: 2\r\n folded\r\n\r\n");
  EXPECT_EQ(changed({remove, "a", "", -3}), header);
  EXPECT_EQ(changed({remove, "a", "", 3}), header);
  EXPECT_EQ(changed({remove, "Nobody", "", 0}), header);
}

TEST(HeaderChanges, NoValueBreaksOut) {
  const std::string rest = "A: 1\r\nB: 2\r\n folded\r\na: 3\r\n\r\n";
  EXPECT_EQ(changed({insert, "X", " a\nb", 0}), "X: a\r\n\tb\r\n" + rest);
  EXPECT_EQ(changed({insert, "X", " a\r\n b", 0}), "X: a\r\n b\r\n" + rest);
  EXPECT_EQ(changed({insert, "X", " a\r\n\r\nEvil: b", 0}), "X: a\r\n\tEvil: b\r\n" + rest);
  EXPECT_EQ(changed({insert, "X", " a\n \n\t\nb", 0}), "X: a\r\n\tb\r\n" + rest);
  EXPECT_EQ(changed({insert, "X", std::string(" a\0b", 4), 0}), "X: ab\r\n" + rest);
  EXPECT_EQ(changed({insert, "X", "", 0}), "X:\r\n" + rest);
}

TEST(HeaderChanges, WhatIsNoNameIsRefused) {
  for (const char* name : {"", "X Y", "X:", "X\r\nY", "X\t", "\xc3\xa4"}) {
    EXPECT_FALSE(apply_changes(header, {{append, name, "v", 0}})) << name;
  }
}

TEST(HeaderChanges, TheyAreMadeOneAfterTheOther) {
  const auto out = apply_changes("\r\n", {{append, "A", " 1", 0},
                                          {append, "A", " 2", 0},
                                          {replace, "A", " 3", 2},
                                          {remove, "A", "", 1},
                                          {insert, "B", " 4", 0}});
  ASSERT_TRUE(out);
  EXPECT_EQ(*out, "B: 4\r\nA: 3\r\n\r\n");
}

TEST(HeaderChanges, ASectionWithoutABlankLineGetsOne) {
  EXPECT_EQ(apply_changes("A: 1", {}).value(), "A: 1\r\n\r\n");
  EXPECT_EQ(apply_changes("", {{append, "A", " 1", 0}}).value(), "A: 1\r\n\r\n");
}

}  // namespace
}  // namespace postrider::flow
