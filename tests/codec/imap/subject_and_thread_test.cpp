// Base subjects, sort keys, threads (RFC 5256).
#include "plain_threads.hpp"
#include "summarized.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <postrider/base/random.hpp>
#include <postrider/codec/imap/base_subject.hpp>
#include <postrider/codec/imap/search_response.hpp>
#include <postrider/codec/imap/sort_key.hpp>
#include <postrider/codec/imap/thread.hpp>

namespace postrider::imap {
namespace {

TEST(ImapBaseSubject, TakesOffWhatIsNotTheSubject) {  // RFC 5256 2.1
  const struct {
    std::string_view subject;
    std::string_view base;
    bool is_reply;
  } rows[] = {
      {"", "", false},
      {"Hello", "Hello", false},
      {"  a\t b  ", "a b", false},
      {"Re: Hello", "Hello", true},
      {"RE: re : FWD: Fw: Hello", "Hello", true},
      {"Re[2]: Hello", "Hello", true},
      {"re [x] : Hello", "Hello", true},
      {"[list] Re: [list] Hello", "Hello", true},
      {"[list] Hello", "Hello", false},
      {"[a] [b] Hello", "Hello", false},
      {"[only]", "[only]", false},
      {"[a][only]", "[only]", false},
      {"Hello (fwd)", "Hello", true},
      {"Hello (FWD) (fwd) ", "Hello", true},
      {"[Fwd: Re: Hello]", "Hello", true},
      {"[fwd: [fwd: Hello]]", "Hello", true},
      {"[fwd: x", "[fwd: x", false},
      {"Re:", "", true},
      {"reply: x", "reply: x", false},
      {"Rehello", "Rehello", false},
      {"[a[b] c", "[a[b] c", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(base_subject(row.subject), (BaseSubject{std::string(row.base), row.is_reply}))
        << row.subject;
  }
}

TEST(ImapBaseSubject, PilesOfLeadersCostNothing) {
  std::string pile;
  for (int i = 0; i < 20'000; ++i) {
    pile += "[x]";
  }
  EXPECT_EQ(base_subject(pile).text, "[x]");
  std::string replies;
  for (int i = 0; i < 20'000; ++i) {
    replies += "Re: [x] ";
  }
  EXPECT_EQ(base_subject(replies + "end").text, "end");
  EXPECT_EQ(base_subject(std::string(200'000, '[')).text.size(), 200'000U);
}

TEST(ImapSortKey, FoldsCaseAndForms) {  // RFC 5051 2
  EXPECT_EQ(casemap("aZ1"), "AZ1");
  EXPECT_EQ(casemap("\xC3\xA4"), casemap("A\xCC\x88"));  // a-umlaut, decomposed
  EXPECT_EQ(casemap("\xD0\xB6"), casemap("\xD0\x96"));   // Cyrillic zhe
  EXPECT_EQ(casemap("\xEF\xBD\x81"), "A");               // fullwidth a
  EXPECT_EQ(casemap("\xCF\x83"), casemap("\xCF\x82"));   // sigma, final sigma
  EXPECT_EQ(casemap("\xFF"), "\xEF\xBF\xBD");
  EXPECT_EQ(casemap(""), "");
}

TEST(ImapSortKey, OfFields) {  // RFC 5256 3, RFC 5957 3
  EXPECT_EQ(subject_sort_key("Re: =?UTF-8?Q?h=C3=A9?="), casemap("h\xC3\xA9"));
  EXPECT_EQ(address_sort_keys("\"Zed\" <alice@example.org>, bob@x").mailbox, "ALICE");
  EXPECT_EQ(address_sort_keys("team: a@b;").mailbox, "TEAM");
  EXPECT_EQ(address_sort_keys("").mailbox, "");
  EXPECT_EQ(address_sort_keys("<<<").mailbox, "");
  EXPECT_EQ(address_sort_keys("\"Zed\" <alice@example.org>").display, "ZED");
  EXPECT_EQ(address_sort_keys("=?UTF-8?Q?z?= <a@b>").display, "Z");
  EXPECT_EQ(address_sort_keys("alice@example.org").display, "ALICE@EXAMPLE.ORG");
  EXPECT_EQ(address_sort_keys("team:;").display, "TEAM");
}

std::string references(const std::vector<Given>& given) {
  std::string out;
  encode_thread(thread_by_references(summarized(given)), out);
  return out.substr(8, out.size() - 10);
}

TEST(ImapThread, ByReferences) {  // RFC 5256 3
  EXPECT_EQ(references({}), "");
  EXPECT_EQ(references({{1, 1, "a", {}, "A"}, {2, 2, "b", {"a"}, "A", true}}), " (1 2)");
  // Branches, in order of date.
  EXPECT_EQ(references({{1, 1, "a", {}, "A"},
                        {2, 9, "b", {"a"}, "A", true},
                        {3, 3, "c", {"a"}, "A", true},
                        {4, 4, "d", {"a", "c"}, "A", true}}),
            " (1 (3 4)(2))");
  // A parent that is not here: its only child takes its place, several stand below it.
  EXPECT_EQ(references({{2, 2, "b", {"gone"}, "A", true}}), " (2)");
  EXPECT_EQ(references({{2, 2, "b", {"gone"}, "A", true}, {3, 1, "c", {"gone"}, "A", true}}),
            " ((3)(2))");
  EXPECT_EQ(references({{1, 1, "a", {}, "A"}, {3, 3, "c", {"a", "gone"}, "A", true}}), " (1 3)");
  // Neither order of arrival nor what others believe changes who answers whom.
  EXPECT_EQ(references({{1, 4, "d", {"x", "b"}, "A", true},
                        {2, 2, "b", {"a"}, "A", true},
                        {3, 1, "a", {}, "A"}}),
            " (3 2 1)");
  // Ids that are missing or stand twice.
  EXPECT_EQ(references({{1, 1, "", {}, "A"}, {2, 2, "x", {}, "B"}, {3, 3, "x", {"x"}, "C"}}),
            " (1)(2 3)");
}

TEST(ImapThread, LoopsAreNotFollowed) {
  EXPECT_EQ(references({{1, 1, "a", {"a"}, "A"}}), " (1)");
  EXPECT_EQ(references({{1, 1, "a", {"b"}, "A"}, {2, 2, "b", {"a"}, "B"}}), " (2 1)");
  EXPECT_EQ(references({{1, 1, "a", {"c"}, "A"}, {2, 2, "b", {"a"}, "B"}, {3, 3, "c", {"b"}, "C"}}),
            " (3 1 2)");
  // RFC 5256 3, step 1: the first that says so is believed, and the last closes no loop.
  EXPECT_EQ(
      references({{1, 3, "a", {}, "A"}, {2, 1, "b", {"c", "a"}, "A"}, {3, 2, "c", {"b"}, "A"}}),
      " (3 1 2)");
  EXPECT_EQ(references({{1, 1, "b", {"c", "a"}, "A"}, {2, 2, "c", {"b"}, "A"}}), " (2 1)");
}

TEST(ImapThread, SubjectsJoinWhatReferencesDoNot) {  // RFC 5256 3, step 5
  EXPECT_EQ(references({{1, 1, "a", {}, "A"}, {2, 2, "b", {}, "A", true}}), " (1 2)");
  EXPECT_EQ(references({{1, 2, "a", {}, "A"}, {2, 1, "b", {}, "A", true}}), " (1 2)");
  EXPECT_EQ(references({{1, 1, "a", {}, "A"}, {2, 2, "b", {}, "A"}}), " ((1)(2))");
  EXPECT_EQ(references({{1, 1, "a", {}, ""}, {2, 2, "b", {}, "", true}}), " (1)(2)");
  EXPECT_EQ(references({{1, 1, "a", {"g"}, "A", true},
                        {2, 2, "b", {"g"}, "A", true},
                        {3, 3, "c", {"h"}, "A", true},
                        {4, 4, "d", {"h"}, "A", true},
                        {5, 5, "e", {}, "A"}}),
            " ((1)(2)(3)(4)(5))");
}

TEST(ImapThread, ByOrderedSubject) {  // RFC 5256 3
  std::string out;
  encode_thread(thread_by_subject(summarized({{1, 5, "", {}, "B"},
                                              {2, 1, "", {}, "A"},
                                              {3, 6, "", {}, "B"},
                                              {4, 7, "", {}, "B"},
                                              {5, 2, "", {}, "C"},
                                              {6, 3, "", {}, ""},
                                              {7, 9, "", {}, ""}})),
                out);
  EXPECT_EQ(out, "* THREAD (2)(5)(6 7)(1 (3)(4))\r\n");
  out.clear();
  encode_thread(thread_by_subject(SummarizedMessages{}), out);
  EXPECT_EQ(out, "* THREAD\r\n");
}

// Over random graphs, with identifiers that stand twice, loops, and subjects that several share.
TEST(ImapThread, AgreesWithThePlainOne) {
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    SeededRandom random(seed);
    const std::uint64_t count = 1 + random.below(20);
    const std::uint64_t names = 1 + random.below(25);
    const std::uint64_t subjects = 1 + random.below(4);
    std::vector<std::string> ids;
    for (std::uint64_t i = 0; i < names; ++i) {
      ids.push_back("id" + std::to_string(i));
    }
    std::vector<Given> given;
    for (std::uint32_t i = 1; i <= count; ++i) {
      Given one{2 * i, static_cast<std::int64_t>(random.below(10)) - 5, "", {}, "", false};
      one.id = random.below(8) == 0 ? "" : ids[random.below(names)];
      for (std::uint64_t n = random.below(5); n > 0; --n) {
        one.references.push_back(ids[random.below(names)]);
      }
      one.subject = std::string(random.below(subjects), 's');
      one.is_reply = random.below(2) == 0;
      given.push_back(one);
    }
    std::string out;
    encode_thread(thread_by_references(summarized(given, 1 + random.below(8))), out);
    ASSERT_EQ(out, "* THREAD " + PlainThreads(given).text() + "\r\n") << "seed " << seed;
  }
}

TEST(ImapThread, AChainOfAHundredThousandNeedsNoStack) {
  std::vector<std::string> ids;
  constexpr std::uint32_t count = 100'000;
  for (std::uint32_t i = 0; i < count; ++i) {
    ids.push_back("message-" + std::to_string(i) + "@example.org");
  }
  std::vector<Given> given;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::vector<std::string_view> references;
    if (i > 0) {
      references = {ids[i - 1]};
    }
    // A sibling at each step: the chain branches everywhere.
    given.push_back({2 * i + 1, i, ids[i], references, "S", i > 0});
    given.push_back({2 * i + 2, i, "", references, "S", true});
  }
  std::string out;
  encode_thread(thread_by_references(summarized(given, 1000)), out);
  EXPECT_TRUE(out.starts_with("* THREAD (1 ")) << out.substr(0, 100);
  EXPECT_EQ(std::ranges::count(out, '('), std::ranges::count(out, ')'));
}

}  // namespace
}  // namespace postrider::imap
