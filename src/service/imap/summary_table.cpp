#include "summary_table.hpp"

#include <algorithm>
#include <utility>

namespace postrider::imap {
namespace {

using Row = SummaryPage::Row;

// Of the map and of who shares the page, on top of the page itself.
constexpr std::size_t kept_bytes = 128;

std::size_t cost_of(const SummaryPage& page) {
  return page.memory_bytes() + kept_bytes;
}

bool is_mostly_gone(const SummaryPage& page, std::size_t gone) {
  return 2 * gone > page.rows().size();
}

}  // namespace

SummaryTable::~SummaryTable() {
  while (!pages_.empty()) {
    drop(pages_.begin());
  }
}

SummaryPageRef SummaryTable::find(store::Uid page) const {
  const auto found = pages_.find(page);
  return found == pages_.end() ? nullptr : found->second.summaries;
}

bool SummaryTable::has_room(std::size_t messages) const {
  constexpr std::size_t mostly = 256;  // octets a message
  return budget_.left / mostly >= messages;
}

void SummaryTable::put(store::Uid page, SummaryPageRef summaries, const store::UidSet& there) {
  const auto found = pages_.find(page);
  const std::size_t before = found == pages_.end() ? 0 : cost_of(*found->second.summaries);
  const std::size_t cost = cost_of(*summaries);
  const auto gone = static_cast<std::size_t>(std::ranges::count_if(
      summaries->rows(), [&there](const Row& row) { return !there.contains(row.uid); }));
  if (cost > budget_.left + before || is_mostly_gone(*summaries, gone)) {
    return;
  }
  budget_.left = budget_.left + before - cost;
  pages_[page] = {std::move(summaries), gone};
}

void SummaryTable::erase(store::Uid uid) {
  const auto found = pages_.find(page_of(uid));
  if (found == pages_.end()) {
    return;
  }
  Kept& kept = found->second;
  if (std::ranges::binary_search(kept.summaries->rows(), uid, {}, &Row::uid)) {
    ++kept.gone;
    if (is_mostly_gone(*kept.summaries, kept.gone)) {
      drop(found);
    }
  }
}

void SummaryTable::drop(std::map<store::Uid, Kept>::iterator page) {
  budget_.left += cost_of(*page->second.summaries);
  pages_.erase(page);
}

}  // namespace postrider::imap
