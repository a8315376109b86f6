// Words of texts and of needles: what an index of words may conclude from them.
#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

#include <postrider/codec/imap/text_match.hpp>
#include <postrider/codec/imap/text_words.hpp>

namespace postrider::imap {
namespace {

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  split_words(text, [&out](std::string_view word) { out.emplace_back(word); });
  return out;
}

TEST(TextWords, RunsOfLettersDigitsAndMarksAreWords) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(words(""), Words{});
  EXPECT_EQ(words(" .,-\r\n"), Words{});
  EXPECT_EQ(words("Invoice no. 4711-b"), (Words{"INVOICE", "NO", "4711", "B"}));
  EXPECT_EQ(words("ada@example.org"), (Words{"ADA", "EXAMPLE", "ORG"}));
  // Title case, and marks beside their letters (RFC 5051).
  EXPECT_EQ(words("Gr\xC3\xBC\xC3\x9F"), (Words{"GRU\xCC\x88\xC3\x9F"}));
  EXPECT_EQ(words("\xE2\x80\x9Cquoted\xE2\x80\x9D"), Words{"QUOTED"});
  // Each letter of scripts without blanks.
  EXPECT_EQ(words("a\xE6\x97\xA5\xE6\x9C\xAC"
                  "b"),
            (Words{"A", "\xE6\x97\xA5", "\xE6\x9C\xAC", "B"}));
  EXPECT_EQ(words("ab\xFFgh"), (Words{"AB", "GH"}));
}

TEST(TextWords, ALongRunIsPiecesThatHoldEachShortPartOfIt) {
  std::string run;
  for (int i = 0; i < 400; ++i) {
    run += i % 7 == 3 ? "\xC3\xB0" : std::string(1, static_cast<char>('A' + (i * 31) % 26));
  }
  const std::vector<std::string> all = words(run);
  const std::string folded = [&all, &run] {
    EXPECT_GT(all.size(), 5U);
    std::string out;
    for (std::size_t i = 0; i < run.size(); ++i) {
      out += run[i];
    }
    return out;
  }();
  for (const std::string& word : all) {
    EXPECT_LE(word.size(), word_octets_max);
  }
  for (std::size_t at = 0; at < folded.size(); ++at) {
    const std::string part = folded.substr(at, word_whole_octets_max);
    const NeedleWords needle = words_of_needle(part);
    if (!needle.is_exact) {
      continue;  // it begins or ends within a character
    }
    EXPECT_TRUE(std::ranges::any_of(all, [&needle](const std::string& word) {
      return word.contains(needle.words.front().text);
    })) << at;
  }
}

TEST(TextWords, OfANeedle) {
  const NeedleWords one = words_of_needle("invoi");
  EXPECT_TRUE(one.is_exact);
  EXPECT_EQ(one.words, (std::vector<NeedleWord>{{"INVOI", false}}));
  const NeedleWords phrase = words_of_needle("the old mill");
  EXPECT_FALSE(phrase.is_exact);
  EXPECT_EQ(phrase.words,
            (std::vector<NeedleWord>{{"THE", false}, {"OLD", true}, {"MILL", false}}));
  EXPECT_FALSE(words_of_needle("mill.").is_exact);
  EXPECT_TRUE(words_of_needle("").words.empty());
  EXPECT_TRUE(words_of_needle("!?").words.empty());
  const NeedleWords longer = words_of_needle(std::string(40, 'x'));
  EXPECT_FALSE(longer.is_exact);
  EXPECT_EQ(longer.words.front().text, std::string(word_whole_octets_max, 'X'));
}

// The property that searches with an index stand on.
TEST(TextWords, AOneWordNeedleIsInATextIfAWordHoldsIt) {
  const std::vector<std::string> letters = {"a",
                                            "b",
                                            "B",
                                            " ",
                                            ".",
                                            "\xC3\xA4",
                                            "\xCC\x88",
                                            "\xE6\x97\xA5",
                                            "1",
                                            "\xC3\x9F",
                                            "\xEF\xAC\x81",
                                            "\xFF",
                                            "\xE0\xB8\x81",
                                            "\xE1\x84\x80",
                                            "\xEA\xB0\x80"};
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const auto any = [&random, &letters](std::size_t longest) {
    std::string out;
    for (std::size_t i = random() % (longest + 1); i > 0; --i) {
      out += letters[random() % letters.size()];
    }
    return out;
  };
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = any(i % 50 == 0 ? 300 : 12);
    const std::string wanted = any(3);
    const NeedleWords needle = words_of_needle(wanted);
    const bool is_in = TextNeedle(wanted).is_in(text);
    const std::vector<std::string> all = words(text);
    const bool may_be_in = std::ranges::all_of(needle.words, [&all](const NeedleWord& word) {
      return std::ranges::any_of(all, [&word](const std::string& there) {
        return word.is_whole ? there == word.text : there.contains(word.text);
      });
    });
    if (needle.is_exact) {
      EXPECT_EQ(is_in, may_be_in) << text << " | " << wanted;
    } else if (is_in) {
      EXPECT_TRUE(may_be_in) << text << " | " << wanted;
    }
  }
}

TEST(FuzzyNeedle, HowAlikeWordsAre) {
  struct Row {
    const char* wanted;
    const char* word;
    unsigned likeness;
  };
  constexpr Row rows[] = {
      {"INVOICE", "INVOICE", 100},    {"INVOI", "INVOICE", 80},   {"VOICE", "INVOICE", 40},
      {"INVOICES", "INVOICE", 60},    {"INVIOCE", "INVOICE", 65}, {"INVOCE", "INVOICE", 65},
      {"INVXICE", "INVOICE", 65},     {"INVXYCE", "INVOICE", 0},  {"INVITATON", "INVITATION", 65},
      {"INVITATN", "INVITATION", 40}, {"AB", "ABC", 0},           {"ABC", "ABD", 0},
      {"MEETING", "MILL", 0},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(FuzzyNeedle::likeness(row.wanted, row.word), row.likeness)
        << row.wanted << ' ' << row.word;
  }
}

TEST(FuzzyNeedle, AllWordsAreThereAndOftenIsBetter) {
  const auto score = [](std::string_view needle, std::string_view text) {
    WordCounts counts;
    count_words(text, counts);
    return FuzzyNeedle(needle).score({&counts, 1});
  };
  EXPECT_EQ(score("old mill", "the old house"), 0);
  EXPECT_EQ(score("mill", "an old mill"), 75);
  EXPECT_GT(score("mill", "mill mill mill"), score("mill", "an old mill"));
  EXPECT_GT(score("old mill", "the old mill"), score("old mill", "the old mil"));
  EXPECT_GE(score("zzzz", "the zzza"), 1);
  EXPECT_TRUE(FuzzyNeedle("?!").words().empty());
}

}  // namespace
}  // namespace postrider::imap
