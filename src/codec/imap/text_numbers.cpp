#include "text_numbers.hpp"

#include <algorithm>
#include <bit>

namespace postrider::imap {

TextNumbers::TextNumbers(std::span<const SummaryPageRef> pages, std::size_t expected)
    : pages_(pages), slots_(std::bit_ceil(std::max<std::size_t>(2 * expected, 64))) {
  std::size_t count = 0;
  first_of_page_.reserve(pages.size());
  for (const SummaryPageRef& page : pages) {
    first_of_page_.push_back(count);
    count += page->text_count();
  }
  known_.assign(count, none);
  texts_.reserve(expected);
}

std::uint32_t TextNumbers::find(std::uint32_t page, SummaryPage::TextNumber text) {
  if (2 * (texts_.size() + 1) > slots_.size()) {
    grow();
  }
  const std::uint64_t hash = pages_[page]->hash(text);
  const std::string_view octets = pages_[page]->text(text);
  std::size_t at = hash & (slots_.size() - 1);
  for (; slots_[at].number != none; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].hash == hash && texts_[slots_[at].number] == octets) {
      return slots_[at].number;
    }
  }
  slots_[at] = {hash, static_cast<std::uint32_t>(texts_.size())};
  texts_.push_back(octets);
  return slots_[at].number;
}

void TextNumbers::grow() {
  std::vector<Slot> old(2 * slots_.size());
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.number != none) {
      std::size_t at = slot.hash & (slots_.size() - 1);
      while (slots_[at].number != none) {
        at = (at + 1) & (slots_.size() - 1);
      }
      slots_[at] = slot;
    }
  }
}

}  // namespace postrider::imap
