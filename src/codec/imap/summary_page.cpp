#include "keyed_hash.hpp"

#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/codec/imap/summary_page.hpp>

namespace postrider::imap {

std::size_t SummaryPage::memory_bytes() const {
  return sizeof *this + rows_.capacity() * sizeof(Row) +
         references_.capacity() * sizeof(TextNumber) + octets_.capacity() +
         (begins_.capacity() + hashes_.capacity()) * sizeof(std::uint64_t);
}

SummaryPageMaker::SummaryPageMaker(std::uint64_t secret, SummaryTextSet wanted)
    : secret_(secret), wanted_(wanted), slots_(256) {
  page_.begins_ = {0, 0};
  page_.hashes_ = {keyed_hash({}, secret)};
}

void SummaryPageMaker::add(const Facts& facts, const SummaryView& summary) {
  SummaryPage::Row row{
      .sent = summary.sent.value_or(unix_seconds(facts.arrival)),
      .arrival = facts.arrival.time_since_epoch().count(),
      .size_bytes = facts.size_bytes,
      .uid = facts.uid,
      .first_reference = static_cast<std::uint32_t>(page_.references_.size()),
      .texts = {},
      .is_reply = summary.is_reply,
  };
  const std::array<std::string_view, summary_texts> texts = {
      summary.subject,      summary.from,       summary.to, summary.cc,
      summary.display_from, summary.display_to, summary.id};
  for (std::size_t i = 0; i < summary_texts; ++i) {
    if (!wanted_.test(i)) {
      continue;
    }
    // Most mail of a mailbox is to the same address.
    const TextNumber before = page_.rows_.empty() ? 0 : page_.rows_.back().texts[i];
    row.texts[i] = page_.text(before) == texts[i] ? before : number_of(texts[i]);
  }
  if (wants(SummaryText::id)) {
    for (const std::string_view reference : summary.references) {
      page_.references_.push_back(number_of(reference));
    }
  }
  check(page_.rows_.empty() || page_.rows_.back().uid < row.uid, "UIDs ascend");
  page_.rows_.push_back(row);
}

void SummaryPageMaker::add(const SummaryPage& page, std::size_t at) {
  const auto moved = [this, &page](TextNumber text) {
    return number_of_hashed(page.text(text), page.hash(text));
  };
  SummaryPage::Row row = page.rows()[at];
  row.first_reference = static_cast<std::uint32_t>(page_.references_.size());
  for (std::size_t i = 0; i < summary_texts; ++i) {
    row.texts[i] = wanted_.test(i) ? moved(row.texts[i]) : 0;
  }
  if (wants(SummaryText::id)) {
    for (const TextNumber reference : page.references(at)) {
      page_.references_.push_back(moved(reference));
    }
  }
  check(page_.rows_.empty() || page_.rows_.back().uid < row.uid, "UIDs ascend");
  page_.rows_.push_back(row);
}

SummaryPage::TextNumber SummaryPageMaker::number_of(std::string_view text) {
  return text.empty() ? 0 : number_of_hashed(text, keyed_hash(text, secret_));
}

SummaryPage::TextNumber SummaryPageMaker::number_of_hashed(std::string_view text,
                                                           std::uint64_t hash) {
  if (text.empty()) {
    return 0;
  }
  if (2 * page_.text_count() > slots_.size()) {
    grow();
  }
  std::size_t at = hash & (slots_.size() - 1);
  for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
    if (page_.hash(slots_[at]) == hash && page_.text(slots_[at]) == text) {
      return slots_[at];
    }
  }
  const auto number = static_cast<TextNumber>(page_.text_count());
  slots_[at] = number;
  page_.octets_ += text;
  page_.begins_.push_back(page_.octets_.size());
  page_.hashes_.push_back(hash);
  return number;
}

void SummaryPageMaker::grow() {
  slots_.assign(2 * slots_.size(), 0);
  for (std::size_t number = 1; number < page_.text_count(); ++number) {
    std::size_t at = page_.hashes_[number] & (slots_.size() - 1);
    while (slots_[at] != 0) {
      at = (at + 1) & (slots_.size() - 1);
    }
    slots_[at] = static_cast<TextNumber>(number);
  }
}

SummaryPageRef SummaryPageMaker::finish() {
  page_.rows_.shrink_to_fit();
  page_.references_.shrink_to_fit();
  page_.octets_.shrink_to_fit();
  page_.begins_.shrink_to_fit();
  page_.hashes_.shrink_to_fit();
  return std::make_shared<const SummaryPage>(std::move(page_));
}

}  // namespace postrider::imap
