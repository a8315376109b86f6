#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// The words of a text, as an index of it keeps them: of its casemap() each run of letters, digits
// and marks, and each letter by itself of scripts that put no blanks between words. Where a run
// ends does not depend on what stands further away, so that a text holds a needle which is one word
// if and only if one of its words holds it.
namespace postrider::imap {

// Of a longer one, pieces of so many octets that overlap are its words.
inline constexpr std::size_t word_octets_max = 64;
// What is no longer stands whole in one of the pieces of whatever holds it.
inline constexpr std::size_t word_whole_octets_max = 27;
// Of a needle; what it holds beyond them is left to who reads the text.
inline constexpr std::size_t needle_words_max = 16;

// Each of them, as often as it stands there. The view is valid during the call.
using WordSink = std::function<void(std::string_view word)>;
void split_words(std::string_view utf8, const WordSink& sink);

struct WordHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view word) const {
    return std::hash<std::string_view>{}(word);
  }
};
using WordCounts = std::unordered_map<std::string, std::uint32_t, WordHash, std::equal_to<>>;
void count_words(std::string_view utf8, WordCounts& counts);

// What must be among the words of a text that holds the needle.
struct NeedleWord {
  std::string text;       // folded
  bool is_whole = false;  // it is a word of the text, not a part of one
  friend bool operator==(const NeedleWord&, const NeedleWord&) = default;
};
struct NeedleWords {
  std::vector<NeedleWord> words;
  // It is nothing but this one: whether it is among the words decides.
  bool is_exact = false;
};
[[nodiscard]] NeedleWords words_of_needle(std::string_view utf8);

// SEARCH FUZZY (RFC 6203 3): a text has all words of the needle, each of them as it is, at the
// beginning of another or inside one, with another ending, or with a slip or two in it.
class FuzzyNeedle {
 public:
  explicit FuzzyNeedle(std::string_view utf8);
  // Empty: there is no word in it; it is to be looked for as it is.
  [[nodiscard]] const std::vector<std::string>& words() const { return words_; }

  // How well a word (folded) does for one that is looked for: 0, not at all, to 100.
  [[nodiscard]] static unsigned likeness(std::string_view wanted, std::string_view word);
  // What so many words that are so like it count for, up to 100.
  [[nodiscard]] static double strength(unsigned likeness, std::uint32_t count);
  // Of the sum of the best strength that each of so many words has: 1 to 100 (RFC 6203 4).
  [[nodiscard]] static std::uint8_t score_of(double sum, std::size_t words);
  // Of texts that have these words; 0: one is missing.
  [[nodiscard]] std::uint8_t score(std::span<const WordCounts> texts) const;

 private:
  std::vector<std::string> words_;
};

}  // namespace postrider::imap
