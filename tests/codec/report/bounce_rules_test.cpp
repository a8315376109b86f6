#include <gtest/gtest.h>

#include <postrider/codec/report/bounce_rules.hpp>

namespace postrider::report {
namespace {

TEST(BounceRules, MatchPatterns) {
  for (const auto& [text, pattern] :
       std::vector<std::pair<const char*, const char*>>{{"", ""},
                                                        {"", "*"},
                                                        {"abc", "*"},
                                                        {"abc", "abc"},
                                                        {"abc", "a*c"},
                                                        {"abc", "*b*"},
                                                        {"aXbXc", "*X*X*"},
                                                        {"5.7.1", "*.7.*"},
                                                        {"aab", "*ab"},
                                                        {"abc", "abc**"}}) {
    EXPECT_TRUE(matches_pattern(text, pattern)) << text << " " << pattern;
  }
  for (const auto& [text, pattern] :
       std::vector<std::pair<const char*, const char*>>{{"a", ""},
                                                        {"", "a"},
                                                        {"abc", "ab"},
                                                        {"abc", "*d*"},
                                                        {"ab", "a*b*c"},
                                                        {"5.7.1", "5.7.11"},
                                                        {"Abc", "abc"}}) {
    EXPECT_FALSE(matches_pattern(text, pattern)) << text << " " << pattern;
  }
  // Not exponential, whatever is written.
  EXPECT_FALSE(matches_pattern(std::string(2000, 'a'), "*a*a*a*a*a*a*a*a*a*a*a*a*b"));
}

TEST(BounceRules, OfOursName) {
  const struct {
    const char* enhanced;
    const char* reply;
    const char* text;
    const char* wanted;
  } rows[] = {
      {"5.1.1", "550", "550 5.1.1 <a@b>: Recipient address rejected: User unknown in virtual table",
       "unknown-recipient"},
      {"", "550", "550 No such user here", "unknown-recipient"},
      {"5.1.1", "", "", "unknown-recipient"},
      {"5.2.2", "552", "552 5.2.2 mailbox over quota", "mailbox-full"},
      {"4.2.2", "452", "", "mailbox-full"},
      {"5.0.0", "554", "Mailbox is full", "mailbox-full"},
      {"5.2.1", "550", "", "mailbox-disabled"},
      {"5.7.1", "550", "blocked using zen.Spamhaus.org", "blocklist"},
      {"5.7.1", "550", "Message rejected as spam", "spam"},
      {"5.7.26", "550", "", "authentication"},
      {"5.7.1", "550", "Unauthenticated email from x is not accepted due to DMARC policy",
       "authentication"},
      {"5.7.1", "554", "Relay access denied", "relay-denied"},
      {"4.7.1", "450", "Greylisted, see http://x", "greylisted"},
      {"4.7.28", "421", "", "rate-limited"},
      {"5.3.4", "552", "", "too-large"},
      {"5.1.2", "", "", "unknown-domain"},
      {"5.4.4", "", "", "unknown-domain"},
      {"4.4.7", "", "delivery time expired", "expired"},
      {"4.4.1", "", "connection timed out", "network"},
      {"5.4.6", "", "", "loop"},
      {"5.7.1", "550", "no", "policy"},
      {"5.5.2", "500", "", "protocol"},
      {"", "", "", "undetermined"},
      {"5.0.0", "", "it is Tuesday", "undetermined"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(BounceRules::built_in().classify({row.enhanced, row.reply, row.text}), row.wanted)
        << row.enhanced << " " << row.text;
  }
}

TEST(BounceRules, OfAFileDecideInOrder) {
  const auto rules = BounceRules::parse(
      "# mine\r\n\n  VIP-Gone 5.1.1 550 gone for * good # so it says\r\nother 5.1.* *\nlast * *\n");
  ASSERT_TRUE(rules) << rules.error();
  EXPECT_EQ(rules->size(), 3U);
  EXPECT_EQ(rules->classify({"5.1.1", "550", "He is GONE for all Good!"}), "vip-gone");
  EXPECT_EQ(rules->classify({"5.1.1", "551", "gone for all good"}), "other");
  EXPECT_EQ(rules->classify({"", "", ""}), "last");
  EXPECT_GT(BounceRules::parse(BounceRules::built_in_text())->size(), 50U);
}

TEST(BounceRules, SaysWhichLineIsWrong) {
  for (const char* line : {"a", "a 5.1.1", "a x 550", "a 5.1.1 x", "a/b * *", "a b c d"}) {
    const auto rules = BounceRules::parse(std::string("ok * *\n") + line);
    ASSERT_FALSE(rules) << line;
    EXPECT_EQ(rules.error().substr(0, 7), "line 2:");
  }
}

}  // namespace
}  // namespace postrider::report
