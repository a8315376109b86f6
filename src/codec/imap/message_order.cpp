#include "stable_sort.hpp"
#include "text_sort.hpp"

#include <optional>
#include <ranges>
#include <string_view>

#include <postrider/codec/imap/message_order.hpp>

namespace postrider::imap {
namespace {

using Key = SortCriterion::Key;

std::optional<SummaryText> text_of(Key key) {
  switch (key) {
    case Key::subject:
      return SummaryText::subject;
    case Key::from:
      return SummaryText::from;
    case Key::to:
      return SummaryText::to;
    case Key::cc:
      return SummaryText::cc;
    case Key::display_from:
      return SummaryText::display_from;
    case Key::display_to:
      return SummaryText::display_to;
    case Key::arrival:
    case Key::date:
    case Key::size:
    case Key::relevancy:
      break;
  }
  return std::nullopt;
}

std::uint64_t number_of(const SummarizedMessages& all, std::size_t place, Key key) {
  const SummaryPage::Row& row = all.row(place);
  switch (key) {
    case Key::arrival:
      return ascending_key(row.arrival);
    case Key::date:
      return ascending_key(row.sent);
    case Key::size:
      return row.size_bytes;
    case Key::relevancy:  // RFC 6203 6: the highest first
      return UINT8_MAX - all.messages[place].relevance;
    default:
      return 0;
  }
}

using Column = std::vector<std::uint64_t>;  // of each message, in their order

Column column_of_texts(const SummarizedMessages& all, SummaryText which) {
  constexpr std::uint32_t none = UINT32_MAX;
  std::vector<std::size_t> first_of_page;
  std::size_t count = 0;
  for (const SummaryPageRef& page : all.pages) {
    first_of_page.push_back(count);
    count += page->text_count();
  }
  std::vector<std::uint32_t> place(count, none);  // in `texts`, of each text of each page
  std::vector<std::string_view> texts;
  Column out(all.messages.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const SummaryPage::TextNumber text = all.row(i).text(which);
    std::uint32_t& known = place[first_of_page[all.messages[i].page] + text];
    if (known == none) {
      known = static_cast<std::uint32_t>(texts.size());
      texts.push_back(all.page(i).text(text));
    }
    out[i] = known;
  }
  const std::vector<std::uint32_t> ranks = rank_texts(texts);
  for (std::uint64_t& one : out) {
    one = ranks[one];
  }
  return out;
}

Column column_of(const SummarizedMessages& all, Key key) {
  if (const auto text = text_of(key)) {
    return column_of_texts(all, *text);
  }
  Column out(all.messages.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = number_of(all, i, key);
  }
  return out;
}

}  // namespace

SummaryTextSet texts_of(std::span<const SortCriterion> criteria) {
  SummaryTextSet out;
  for (const SortCriterion& criterion : criteria) {
    if (const auto text = text_of(criterion.key)) {
      out.set(static_cast<std::size_t>(*text));
    }
  }
  return out;
}

std::vector<std::uint32_t> sort_messages(const SummarizedMessages& all,
                                         std::span<const SortCriterion> criteria) {
  std::vector<KeyedPlace> places(all.messages.size());
  for (std::uint32_t i = 0; i < places.size(); ++i) {
    places[i].place = i;
  }
  // From the last on: each leaves what is equal as those after it have put it.
  for (const SortCriterion& criterion : criteria | std::views::reverse) {
    const Column column = column_of(all, criterion.key);
    for (KeyedPlace& one : places) {
      one.key = criterion.reverse ? ~column[one.place] : column[one.place];
    }
    sort_stably(places);
  }
  return in_order(places);
}

}  // namespace postrider::imap
