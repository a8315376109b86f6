#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/base/random.hpp>
#include <postrider/codec/smtp/reply_parser.hpp>

namespace postrider::smtp {
namespace {

Result<std::optional<Reply>, ReplyError> parse_one(std::string_view octets, bool enhanced = true,
                                                   const ReplyLimits& limits = {}) {
  ReplyParser parser(limits);
  parser.set_enhanced_codes(enhanced);
  return parser.feed(octets);
}

TEST(ReplyParser, ReadsOneLineAndSeveral) {
  struct Row {
    std::string_view octets;
    std::uint16_t code;
    std::string_view enhanced;
    std::string_view text;
  };
  const Row rows[] = {
      {"250 OK\r\n", 250, "", "OK"},
      {"250\r\n", 250, "", ""},
      {"250 \r\n", 250, "", ""},
      {"250-a\r\n250-b\r\n250 c\r\n", 250, "", "a\nb\nc"},
      {"250-a\r\n250\r\n", 250, "", "a\n"},
      {"250 bare line feed\n", 250, "", "bare line feed"},
      {"550 5.1.1 no such user\r\n", 550, "5.1.1", "no such user"},
      {"550-5.1.1 no\r\n550 5.1.1 such\r\n", 550, "5.1.1", "no\nsuch"},
      {"550 5.1.1\r\n", 550, "5.1.1", ""},
      {"421 4.3.2 later\r\n", 421, "4.3.2", "later"},
      // Another class than the reply's is text.
      {"550 4.1.1 what\r\n", 550, "", "4.1.1 what"},
      {"550 5.01.1 what\r\n", 550, "", "5.01.1 what"},
      {"550 5.1.1234 what\r\n", 550, "", "5.1.1234 what"},
      {"550 5.1.1.1 what\r\n", 550, "", "5.1.1.1 what"},
      {"354 3.0.0 go\r\n", 354, "", "3.0.0 go"},
      {"220 a\tb\x01z\r\n", 220, "", "a b z"},
      {"599 x\r\n", 599, "", "x"},
  };
  for (const Row& row : rows) {
    const auto reply = parse_one(row.octets);
    ASSERT_TRUE(reply.has_value() && reply->has_value()) << row.octets;
    EXPECT_EQ((*reply)->code, row.code) << row.octets;
    EXPECT_EQ((*reply)->enhanced.is_given() ? (*reply)->enhanced.text() : "", row.enhanced)
        << row.octets;
    EXPECT_EQ((*reply)->text, row.text) << row.octets;
  }
}

TEST(ReplyParser, TakesEnhancedCodesOfRefusalsOnlyWhereNoneWereOffered) {
  EXPECT_EQ((*parse_one("250 2.0.0 ok\r\n", false))->text, "2.0.0 ok");
  EXPECT_EQ((*parse_one("250 2.0.0 ok\r\n", true))->text, "ok");
  EXPECT_EQ((*parse_one("554 5.7.1 no\r\n", false))->enhanced.text(), "5.7.1");
}

TEST(ReplyParser, RefusesWhatIsNoReply) {
  for (const std::string_view octets :
       {"\r\n", "hello\r\n", "25\r\n", "2500 x\r\n", "199 x\r\n", "600 x\r\n", "250_x\r\n",
        "2 50 x\r\n", " 250 x\r\n", "-50 x\r\n", "HTTP/1.1 400 Bad Request\r\n", "250-a\r\n\r\n"}) {
    const auto reply = parse_one(octets);
    ASSERT_FALSE(reply.has_value()) << octets;
    EXPECT_EQ(reply.error(), ReplyError::malformed) << octets;
  }
  EXPECT_EQ(parse_one("250-a\r\n251 b\r\n").error(), ReplyError::code_changed);
}

TEST(ReplyParser, BoundsWhatAPeerCanMakeItHold) {
  EXPECT_EQ(parse_one("250 " + std::string(5000, 'x')).error(), ReplyError::too_long);
  EXPECT_EQ(parse_one("250 " + std::string(5000, 'x') + "\r\n").error(), ReplyError::too_long);
  std::string endless;
  for (int i = 0; i < 300; ++i) {
    endless += "250-x\r\n";
  }
  EXPECT_EQ(parse_one(endless).error(), ReplyError::too_long);
  std::string wordy;
  for (int i = 0; i < 99; ++i) {
    wordy += "250-" + std::string(1000, 'x') + "\r\n";
  }
  const auto reply = parse_one(wordy + "250 end\r\n");
  ASSERT_TRUE(reply.has_value() && reply->has_value());
  EXPECT_EQ((*reply)->text.size(), ReplyLimits{}.text_octets);
}

TEST(ReplyParser, LeavesTheNextReply) {
  ReplyParser parser;
  std::string_view octets = "250 one\r\n550 two\r\n35";
  EXPECT_EQ((*parser.feed(octets))->text, "one");
  EXPECT_EQ(octets, "550 two\r\n35");
  EXPECT_EQ((*parser.feed(octets))->text, "two");
  EXPECT_TRUE(parser.is_idle());
  EXPECT_FALSE(parser.feed(octets)->has_value());
  EXPECT_FALSE(parser.is_idle());
  EXPECT_TRUE(octets.empty());
  parser.reset();
  EXPECT_TRUE(parser.is_idle());
}

TEST(ReplyParser, DoesNotCareWhereChunksAreCut) {
  const std::string all =
      "220-a\r\n220 b\r\n250-5.0.0 x\r\n250-SIZE\n250 c\r\n550 5.7.1 no\r\n354\r\n";
  const auto read_all = [&](std::uint64_t seed) {
    SeededRandom random(seed);
    ReplyParser parser;
    std::vector<Reply> replies;
    std::string_view rest = all;
    while (!rest.empty()) {
      std::string_view part = rest.substr(0, seed == 0 ? rest.size() : 1 + random.below(7));
      rest.remove_prefix(part.size());
      while (!part.empty()) {
        auto reply = parser.feed(part);
        EXPECT_TRUE(reply.has_value());
        if (reply && *reply) {
          replies.push_back(**reply);
        }
      }
    }
    return replies;
  };
  const auto whole = read_all(0);
  ASSERT_EQ(whole.size(), 4U);
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    EXPECT_EQ(read_all(seed), whole) << "seed " << seed;
  }
}

}  // namespace
}  // namespace postrider::smtp
