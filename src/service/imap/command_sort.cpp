// SORT and UID SORT (RFC 5256, RFC 5957, RFC 5267).
#include "command_table.hpp"
#include "listed_messages.hpp"
#include "search_answer.hpp"

#include <algorithm>
#include <compare>
#include <utility>

#include <postrider/codec/imap/sort_key.hpp>

namespace postrider::imap {
namespace {

using Key = SortCriterion::Key;

// One value a criterion: a number, or octets that sort as the text does.
struct SortValue {
  std::int64_t number = 0;
  std::string text;
  friend std::strong_ordering operator<=>(const SortValue&, const SortValue&) = default;
};
struct SortRow {
  FoundMessage found;
  std::vector<SortValue> values;
};

SortValue value_of(const ListedMessages& messages, const FoundMessage& found, Key key) {
  switch (key) {
    case Key::relevancy:
      return {-std::int64_t{found.relevance}, {}};  // RFC 6203 6: the highest first
    case Key::arrival:
      return {messages.facts().internal_date.time_since_epoch().count(), {}};
    case Key::size:
      return {static_cast<std::int64_t>(messages.facts().size_bytes()), {}};
    case Key::date:
      return {sent_time(messages), {}};
    case Key::subject:
      return {0, subject_sort_key(messages.field("Subject"))};
    case Key::from:
      return {0, address_sort_key(messages.field("From"))};
    case Key::to:
      return {0, address_sort_key(messages.field("To"))};
    case Key::cc:
      return {0, address_sort_key(messages.field("Cc"))};
    case Key::display_from:
      return {0, display_sort_key(messages.field("From"))};
    case Key::display_to:
      return {0, display_sort_key(messages.field("To"))};
  }
  return {};
}

// RFC 5256 3: what is equal by all criteria stands in the order of its numbers.
bool is_before(const SortRow& a, const SortRow& b, const std::vector<SortCriterion>& criteria) {
  for (std::size_t i = 0; i < criteria.size(); ++i) {
    const auto order = a.values[i] <=> b.values[i];
    if (order != 0) {
      return criteria[i].reverse ? order > 0 : order < 0;
    }
  }
  return a.found.message.number < b.found.message.number;
}

}  // namespace

engine::Task<Status> run_sort(Client& client, const Command& command) {
  const auto& arguments = std::get<SortArguments>(command.arguments);
  const auto searched = co_await search_messages(
      client, {.mailbox = *client.selected,
               .key = arguments.search.key,
               .wants_modseq = mentions(arguments.search.key, SearchKind::modseq),
               .all_or_none = true});
  if (!searched) {
    co_return searched.error();
  }
  const std::vector<FoundMessage>& found = searched->found;
  std::vector<SortRow> rows;
  ListedMessages messages(client, found);
  for (auto one = found.begin(); co_await messages.next();) {
    while (one->message.uid != messages.message().uid) {
      ++one;
    }
    SortRow& row = rows.emplace_back(*one);
    for (const SortCriterion& criterion : arguments.criteria) {
      row.values.push_back(value_of(messages, *one, criterion.key));
    }
  }
  if (messages.error()) {
    co_return *messages.error();
  }
  const auto order = [&rows, &arguments] {
    std::ranges::sort(rows, [&arguments](const SortRow& a, const SortRow& b) {
      return is_before(a, b, arguments.criteria);
    });
  };
  co_await client.shared.work(rows.size(), order);
  std::vector<FoundMessage> sorted;
  sorted.reserve(rows.size());
  for (const SortRow& row : rows) {
    sorted.push_back(row.found);
  }
  write_search_answer(
      client, command.tag,
      {.found = std::move(sorted), .arguments = arguments.search, .is_sorted = true});
  co_return completed(command);
}

}  // namespace postrider::imap
