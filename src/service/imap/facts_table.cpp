#include "facts_table.hpp"

#include <algorithm>

namespace postrider::imap {

using store::MailRow;
using store::Uid;

std::optional<std::vector<MailRow>> FactsTable::find(const std::vector<Uid>& uids) const {
  std::vector<MailRow> rows;
  if (uids.size() > size_) {
    return std::nullopt;
  }
  rows.reserve(uids.size());
  auto page = pages_.end();
  Page::const_iterator row;
  for (const Uid uid : uids) {
    if (page == pages_.end() || page->first != uid / page_uids) {
      page = pages_.find(uid / page_uids);
      if (page == pages_.end()) {
        return std::nullopt;
      }
      row = page->second.begin();
    }
    // Mostly the next one.
    if (row != page->second.end() && row->uid < uid) {
      row = std::ranges::lower_bound(row + 1, page->second.end(), uid, {}, &MailRow::uid);
    }
    if (row == page->second.end() || row->uid != uid) {
      return std::nullopt;
    }
    rows.push_back(*row);
  }
  return rows;
}

void FactsTable::add(const MailRow& row) {
  if (budget_.left == 0) {
    return;
  }
  Page& page = pages_[row.uid / page_uids];
  const auto place = std::ranges::lower_bound(page, row.uid, {}, &MailRow::uid);
  if (place == page.end() || place->uid != row.uid) {
    page.insert(place, row);
    ++size_;
    --budget_.left;
  }
}

void FactsTable::set_flags(Uid uid, const store::MailFlags& flags, store::ModSeq modseq) {
  const auto page = pages_.find(uid / page_uids);
  if (page == pages_.end()) {
    return;
  }
  const auto row = std::ranges::lower_bound(page->second, uid, {}, &MailRow::uid);
  if (row != page->second.end() && row->uid == uid && row->facts.modseq < modseq) {
    row->facts.flags = flags;
    row->facts.modseq = modseq;
  }
}

void FactsTable::erase(Uid uid) {
  const auto page = pages_.find(uid / page_uids);
  if (page == pages_.end()) {
    return;
  }
  const auto row = std::ranges::lower_bound(page->second, uid, {}, &MailRow::uid);
  if (row != page->second.end() && row->uid == uid) {
    page->second.erase(row);
    --size_;
    ++budget_.left;
  }
}

}  // namespace postrider::imap
