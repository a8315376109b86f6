#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <postrider/codec/imap/summary_page.hpp>

namespace postrider::imap {

// Numbers from 0 on for the texts of several pages: the same for those that are equal. Each text of
// a page is looked for once; equal hashes are not taken for equal texts.
// Memory: 4 octets a text of the pages, some 48 to 80 for each that was asked for.
class TextNumbers {
 public:
  // `pages` outlive it. `expected`: how many there may be, so that it need not grow.
  TextNumbers(std::span<const SummaryPageRef> pages, std::size_t expected);

  [[nodiscard]] std::uint32_t number_of(std::uint32_t page, SummaryPage::TextNumber text) {
    std::uint32_t& known = known_[first_of_page_[page] + text];
    if (known == none) {
      known = find(page, text);
    }
    return known;
  }
  // Numbers are below it.
  [[nodiscard]] std::size_t size() const { return texts_.size(); }

 private:
  static constexpr std::uint32_t none = UINT32_MAX;
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t number = none;
  };
  [[nodiscard]] std::uint32_t find(std::uint32_t page, SummaryPage::TextNumber text);
  void grow();

  std::span<const SummaryPageRef> pages_;
  std::vector<std::size_t> first_of_page_;
  std::vector<std::uint32_t> known_;     // of each text of each page
  std::vector<Slot> slots_;              // open addressing
  std::vector<std::string_view> texts_;  // by number
};

}  // namespace postrider::imap
