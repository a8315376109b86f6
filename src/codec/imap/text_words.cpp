#include "text_pieces.hpp"

#include <algorithm>
#include <array>
#include <unictype.h>
#include <utility>

#include <postrider/base/utf8.hpp>
#include <postrider/codec/imap/sort_key.hpp>
#include <postrider/codec/imap/text_words.hpp>

namespace postrider::imap {
namespace {

constexpr std::size_t piece_step = word_octets_max / 2;

enum class Kind : std::uint8_t { word, alone, between };

// Letters of scripts that write without blanks: each is a word of its own.
bool is_alone(char32_t c) {
  struct Range {
    char32_t first;
    char32_t last;
  };
  constexpr std::array ranges = {
      Range{0x0E00, 0x0EFF},    // Thai, Lao
      Range{0x1000, 0x109F},    // Myanmar
      Range{0x1780, 0x17FF},    // Khmer
      Range{0x3041, 0x30FF},    // Hiragana, Katakana
      Range{0x31F0, 0x31FF},    // Katakana
      Range{0x3400, 0x9FFF},    // Han
      Range{0xF900, 0xFAFF},    // Han
      Range{0x20000, 0x3FFFF},  // Han
  };
  return std::ranges::any_of(ranges, [c](Range one) { return c >= one.first && c <= one.last; });
}

Kind kind_of(char32_t c) {
  constexpr std::uint32_t of_words = UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M | UC_CATEGORY_MASK_N;
  if (!uc_is_general_category_withtable(c, of_words)) {
    return Kind::between;
  }
  return is_alone(c) ? Kind::alone : Kind::word;
}

bool is_word_ascii(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// The end of the last whole character at or before `at`.
std::size_t cut_before(std::string_view text, std::size_t at) {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) {
    --at;
  }
  return std::min(at, text.size());
}

// Whole runs, however long. `folded` may be cut into pieces anywhere between characters.
template <class Sink>
class Runs {
 public:
  explicit Runs(Sink sink) : sink_(std::move(sink)) {}

  void feed(std::string_view folded) {
    for (std::size_t at = 0; at < folded.size();) {
      const char c = folded[at];
      if (static_cast<unsigned char>(c) < 0x80) {
        if (is_word_ascii(c)) {
          run_ += c;
        } else {
          end();
        }
        ++at;
        continue;
      }
      const Utf8Step step = decode_utf8(folded.substr(at));
      const std::string_view octets = folded.substr(at, step.octets);
      const Kind kind = step.code_point ? kind_of(*step.code_point) : Kind::between;
      if (kind == Kind::word) {
        run_ += octets;
      } else {
        end();
      }
      if (kind == Kind::alone) {
        sink_(octets);
      }
      at += step.octets;
    }
  }
  void end() {
    if (!run_.empty()) {
      sink_(std::string_view(run_));
      run_.clear();
    }
  }

 private:
  Sink sink_;
  std::string run_;
};

void tell_pieces(std::string_view run, const WordSink& sink) {
  for (std::size_t begin = 0;; begin += piece_step) {
    const std::size_t from = cut_before(run, begin);
    const std::size_t to = cut_before(run, from + word_octets_max);
    sink(run.substr(from, to - from));
    if (to == run.size()) {
      return;
    }
  }
}

std::u32string code_points(std::string_view utf8) {
  std::u32string out;
  for (std::size_t at = 0; at < utf8.size();) {
    const Utf8Step step = decode_utf8(utf8.substr(at));
    out += static_cast<char32_t>(step.code_point.value_or(0xFFFD));
    at += step.octets;
  }
  return out;
}

// Insertions, deletions, other letters and two that changed places; `limit` + 1 if there are more
// than that. In: words of at most word_octets_max octets.
unsigned slips(std::u32string_view a, std::u32string_view b, unsigned limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > limit) {
    return limit + 1;
  }
  std::array<std::array<unsigned, word_octets_max + 1>, 3> rows{};
  for (unsigned j = 0; j <= b.size(); ++j) {
    rows[0].at(j) = j;
  }
  for (unsigned i = 1; i <= a.size(); ++i) {
    auto& row = rows.at(i % 3);
    const auto& above = rows.at((i - 1) % 3);
    const auto& above_that = rows.at((i + 1) % 3);
    row[0] = i;
    unsigned least = i;
    for (unsigned j = 1; j <= b.size(); ++j) {
      const bool is_same = a[i - 1] == b[j - 1];
      unsigned best =
          std::min({above.at(j) + 1, row.at(j - 1) + 1, above.at(j - 1) + (is_same ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        best = std::min(best, above_that.at(j - 2) + 1);
      }
      row.at(j) = best;
      least = std::min(least, best);
    }
    if (least > limit) {
      return limit + 1;
    }
  }
  return std::min(rows.at(a.size() % 3).at(b.size()), limit + 1);
}

}  // namespace

void split_words(std::string_view utf8, const WordSink& sink) {
  Runs runs([&sink](std::string_view run) {
    if (run.size() <= word_octets_max) {
      sink(run);
    } else {
      tell_pieces(run, sink);
    }
  });
  while (!utf8.empty()) {
    runs.feed(casemap(take_piece(utf8)));
  }
  runs.end();
}

void count_words(std::string_view utf8, WordCounts& counts) {
  split_words(utf8, [&counts](std::string_view word) {
    const auto found = counts.find(word);
    if (found != counts.end()) {
      ++found->second;
    } else {
      counts.emplace(std::string(word), 1);
    }
  });
}

NeedleWords words_of_needle(std::string_view utf8) {
  const std::string folded = casemap(utf8);
  NeedleWords out;
  std::size_t octets = 0;
  bool is_cut = false;
  Runs runs([&out, &octets, &is_cut](std::string_view run) {
    octets += run.size();
    if (out.words.size() == needle_words_max) {
      return;  // fewer words than there are find more than there is
    }
    NeedleWord word{.text = std::string(run), .is_whole = true};
    if (run.size() > word_whole_octets_max) {
      word.text.resize(cut_before(run, word_whole_octets_max));
      word.is_whole = false;
      is_cut = true;
    }
    out.words.push_back(std::move(word));
  });
  runs.feed(folded);
  runs.end();
  if (!out.words.empty()) {
    out.words.front().is_whole = false;  // letters may stand before and after it
    out.words.back().is_whole = false;
  }
  out.is_exact = out.words.size() == 1 && octets == folded.size() && !is_cut;
  return out;
}

FuzzyNeedle::FuzzyNeedle(std::string_view utf8) {
  split_words(utf8, [this](std::string_view word) {
    if (words_.size() < needle_words_max) {
      words_.emplace_back(word);
    }
  });
}

unsigned FuzzyNeedle::likeness(std::string_view wanted, std::string_view word) {
  if (word == wanted) {
    return 100;
  }
  constexpr std::size_t part_min = 3;  // shorter ones are in too many
  if (wanted.size() >= part_min && word.size() > wanted.size()) {
    const std::size_t at = word.find(wanted);
    if (at != word.npos) {
      return at == 0 ? 80 : 40;
    }
  }
  constexpr std::size_t stem_min = 4;
  constexpr std::size_t ending_max = 3;
  if (word.size() >= stem_min && wanted.size() <= word.size() + ending_max &&
      wanted.starts_with(word)) {
    return 60;
  }
  constexpr std::size_t one_slip_min = 4;
  constexpr std::size_t two_slips_min = 8;
  if (wanted.size() < one_slip_min || word.size() + 8 < wanted.size() ||
      wanted.size() + 8 < word.size()) {
    return 0;
  }
  const std::u32string a = code_points(wanted);
  const std::u32string b = code_points(word);
  if (a.size() < one_slip_min) {
    return 0;
  }
  const unsigned limit = a.size() < two_slips_min ? 1 : 2;
  const unsigned found = slips(a, b, limit);
  return found > limit ? 0 : 90 - 25 * found;
}

double FuzzyNeedle::strength(unsigned likeness, std::uint32_t count) {
  const double often = static_cast<double>(count) / (static_cast<double>(count) + 1);
  return likeness * (0.5 + 0.5 * often);
}

std::uint8_t FuzzyNeedle::score_of(double sum, std::size_t words) {
  const double mean = words == 0 ? 0 : sum / static_cast<double>(words);
  return static_cast<std::uint8_t>(std::clamp(mean, 1.0, 100.0));
}

std::uint8_t FuzzyNeedle::score(std::span<const WordCounts> texts) const {
  std::vector<double> best(words_.size(), 0);
  for (const WordCounts& counts : texts) {
    for (const auto& [word, count] : counts) {
      for (std::size_t i = 0; i < words_.size(); ++i) {
        best[i] = std::max(best[i], strength(likeness(words_[i], word), count));
      }
    }
  }
  double sum = 0;
  for (const double one : best) {
    if (one == 0) {
      return 0;
    }
    sum += one;
  }
  return words_.empty() ? 0 : score_of(sum, words_.size());
}

}  // namespace postrider::imap
