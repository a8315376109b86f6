#include <gtest/gtest.h>
#include <string>

#include <postrider/base/random.hpp>
#include <postrider/codec/imap/list_pattern.hpp>

namespace postrider::imap {
namespace {

// The definition, as slow as it is plain.
bool matches_slowly(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) {
    return name.empty();
  }
  if (pattern.front() == '*' || pattern.front() == '%') {
    for (std::size_t take = 0; take <= name.size(); ++take) {
      if (pattern.front() == '%' && name.substr(0, take).contains('/')) {
        return false;
      }
      if (matches_slowly(pattern.substr(1), name.substr(take))) {
        return true;
      }
    }
    return false;
  }
  return !name.empty() && name.front() == pattern.front() &&
         matches_slowly(pattern.substr(1), name.substr(1));
}

TEST(ImapListPattern, WildcardsStandForWhatTheyShould) {  // RFC 9051 6.3.9
  const struct {
    std::string_view pattern;
    std::string_view name;
    bool matches;
  } rows[] = {
      {"", "", true},
      {"", "a", false},
      {"*", "", true},
      {"*", "a/b/c", true},
      {"%", "a", true},
      {"%", "a/b", false},
      {"%/%", "a/b", true},
      {"%/%", "a/b/c", false},
      {"a%", "ab", true},
      {"a*", "b", false},
      {"*b", "a/b", true},
      {"%b", "a/b", false},
      {"%*%", "a/b", true},
      {"inbox", "INBOX", true},
      {"InBoX/%", "INBOX/x", true},
      {"INBOX", "inbox", true},
      {"inboxes", "INBOXES", false},
      {"i*", "INBOX", true},
      {"*x", "INBOX", true},
      {"*X", "INBOX/x", false},
      {"a", "A", false},
      {"\xC3\xA4*", "\xC3\xA4/b", true},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(ListPattern(row.pattern).matches(row.name), row.matches)
        << row.pattern << " against " << row.name;
  }
}

TEST(ImapListPattern, AgreesWithTheDefinition) {
  SeededRandom random(11);
  const auto word = [&random](std::string_view letters, std::size_t longest) {
    std::string out;
    for (std::uint64_t i = random.below(longest + 1); i > 0; --i) {
      out += letters[random.below(letters.size())];
    }
    return out;
  };
  for (int round = 0; round < 20'000; ++round) {
    const std::string pattern = word("ab/*%", 8);
    const std::string name = word("ab/", 8);
    EXPECT_EQ(ListPattern(pattern).matches(name), matches_slowly(pattern, name))
        << pattern << " against " << name;
  }
  // Across the 64-octet words of the pattern.
  for (int round = 0; round < 200; ++round) {
    const std::string lead(55 + random.below(20), 'x');
    const std::string pattern = word("ab/*%", 6);
    const std::string name = word("ab/", 6);
    EXPECT_EQ(ListPattern(lead + pattern).matches(lead + name), matches_slowly(pattern, name));
  }
}

// A pattern at which a matcher that goes back would work for years; here it is done at once.
TEST(ImapListPattern, NeverGoesBack) {
  std::string pattern;
  for (int i = 0; i < 400; ++i) {
    pattern += "a*b%";
  }
  const std::string name(1000, 'a');
  const ListPattern list(pattern + "c");
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(list.matches(name));
  }
}

TEST(ImapListPattern, TheReferenceIsPutInFront) {
  EXPECT_EQ(join_reference("", "%"), "%");
  EXPECT_EQ(join_reference("a/", "%"), "a/%");
  EXPECT_EQ(join_reference("a", "b"), "ab");
  EXPECT_EQ(join_reference("a/", "/b"), "b");
}

}  // namespace
}  // namespace postrider::imap
