#include "text_sort.hpp"

#include <algorithm>
#include <compare>
#include <cstddef>
#include <span>

namespace postrider::imap {
namespace {

// Some octets of a text from where those in front are the same in all that it is compared with.
struct Piece {
  static constexpr std::size_t octets_max = 16;
  std::array<std::uint64_t, 2> octets{};
  std::uint32_t size = 0;  // less than octets_max: the text ends with it
  friend std::strong_ordering operator<=>(const Piece&, const Piece&) = default;
};
struct Text {
  Piece piece;
  std::uint32_t number = 0;
};

Piece piece_of(std::string_view text) {
  Piece piece;
  piece.size = static_cast<std::uint32_t>(std::min(text.size(), Piece::octets_max));
  for (std::size_t i = 0; i < piece.size; ++i) {
    const std::size_t shift = 56 - 8 * (i % 8);
    piece.octets[i / 8] |= std::uint64_t{static_cast<unsigned char>(text[i])} << shift;
  }
  return piece;
}

// Those from `begin` to `end` have so many octets in common.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t common = 0;
};

}  // namespace

std::vector<std::uint32_t> rank_texts(const std::vector<std::string_view>& texts) {
  std::vector<Text> sorted(texts.size());
  for (std::uint32_t i = 0; i < texts.size(); ++i) {
    sorted[i].number = i;
  }
  // A rank is how many stand before the first that is equal.
  std::vector<std::uint32_t> ranks(texts.size());
  std::vector<Range> open{{0, texts.size(), 0}};
  while (!open.empty()) {
    const Range range = open.back();
    open.pop_back();
    const auto some = std::span(sorted).subspan(range.begin, range.end - range.begin);
    for (Text& text : some) {
      text.piece = piece_of(texts[text.number].substr(range.common));
    }
    std::ranges::sort(some, {}, &Text::piece);
    for (std::size_t begin = range.begin; begin < range.end;) {
      std::size_t end = begin;
      while (end < range.end && sorted[end].piece == sorted[begin].piece) {
        ranks[sorted[end].number] = static_cast<std::uint32_t>(begin);
        ++end;
      }
      if (end - begin > 1 && sorted[begin].piece.size == Piece::octets_max) {
        open.push_back({begin, end, range.common + Piece::octets_max});
      }
      begin = end;
    }
  }
  return ranks;
}

}  // namespace postrider::imap
