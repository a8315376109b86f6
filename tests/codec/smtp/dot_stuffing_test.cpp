#include <gtest/gtest.h>
#include <string>

#include <postrider/base/random.hpp>
#include <postrider/codec/smtp/dot_stuffing.hpp>

namespace postrider::smtp {
namespace {

std::string stuffed(std::string_view octets) {
  bool at_line_start = true;
  std::string out;
  append_dot_stuffed(octets, at_line_start, out);
  return out;
}

TEST(DotStuffing, DoublesDotsThatBeginALine) {
  EXPECT_EQ(stuffed(""), "");
  EXPECT_EQ(stuffed("."), "..");
  EXPECT_EQ(stuffed(".\r\n"), "..\r\n");
  EXPECT_EQ(stuffed("a.b\r\n"), "a.b\r\n");
  EXPECT_EQ(stuffed("\r\n.\r\n"), "\r\n..\r\n");
  EXPECT_EQ(stuffed("a\r\n.\r\n.\r\n..\r\n"), "a\r\n..\r\n..\r\n...\r\n");
}

TEST(DotStuffing, DoesNotCareWhereChunksAreCut) {
  const std::string octets = ".a\r\n..\r\nb.\r\n.\r\n\r\n.c\r\n.";
  const std::string whole = stuffed(octets);
  for (std::uint64_t seed = 1; seed < 100; ++seed) {
    SeededRandom random(seed);
    bool at_line_start = true;
    std::string out;
    for (std::string_view rest = octets; !rest.empty();) {
      const auto part = rest.substr(0, random.below(4));
      append_dot_stuffed(part, at_line_start, out);
      rest.remove_prefix(part.size());
    }
    EXPECT_EQ(out, whole) << "seed " << seed;
  }
}

}  // namespace
}  // namespace postrider::smtp
