// SORT and UID SORT (RFC 5256, RFC 5957, RFC 5267).
#include "command_table.hpp"
#include "listed_messages.hpp"
#include "search_answer.hpp"

#include <algorithm>
#include <array>
#include <compare>
#include <memory_resource>
#include <utility>

namespace postrider::imap {
namespace {

using Key = SortCriterion::Key;

// The first octets of a text, which tell most texts apart without a look at them.
using TextHead = std::array<std::uint64_t, 2>;

// What a criterion compares: a number, or octets that sort as the text does.
struct SortValue {
  std::int64_t number = 0;
  TextHead head{};
  std::string_view text;
  friend std::strong_ordering operator<=>(const SortValue&, const SortValue&) = default;
};

TextHead head_of(std::string_view text) {
  TextHead head{};
  for (std::size_t i = 0; i < std::min(text.size(), sizeof head); ++i) {
    const std::size_t shift = 56 - 8 * (i % 8);
    head[i / 8] |= std::uint64_t{static_cast<unsigned char>(text[i])} << shift;
  }
  return head;
}

// One message: the value of the first criterion beside it, those of the others elsewhere.
struct SortRow {
  std::uint32_t at = 0;  // of those found
  SortValue first;
};

// Messages with what they are sorted by.
class SortTable {
 public:
  SortTable(const std::vector<FoundMessage>& found, const std::vector<SortCriterion>& criteria)
      : found_(found), criteria_(criteria) {}

  // Number `at` of those found, which `messages` stands at.
  void add(std::uint32_t at, const ListedMessages& messages) {
    rows_.push_back({at, value_of(messages, found_[at], criteria_.front().key)});
    others_.resize(std::size_t{at} * other_criteria());  // of those that have gone
    for (std::size_t i = 1; i < criteria_.size(); ++i) {
      others_.push_back(value_of(messages, found_[at], criteria_[i].key));
    }
  }

  [[nodiscard]] std::size_t size() const { return rows_.size(); }

  void sort() {
    std::ranges::sort(rows_,
                      [this](const SortRow& a, const SortRow& b) { return is_before(a, b); });
  }

  [[nodiscard]] std::vector<FoundMessage> take() const {
    std::vector<FoundMessage> out;
    out.reserve(rows_.size());
    for (const SortRow& row : rows_) {
      out.push_back(found_[row.at]);
    }
    return out;
  }

 private:
  [[nodiscard]] std::size_t other_criteria() const { return criteria_.size() - 1; }

  SortValue kept(std::string_view text) { return {0, head_of(text), keep(texts_, text)}; }

  SortValue value_of(const ListedMessages& messages, const FoundMessage& found, Key key) {
    const SummaryView& summary = messages.summary();
    switch (key) {
      case Key::relevancy:
        return {-std::int64_t{found.relevance}, {}, {}};  // RFC 6203 6: the highest first
      case Key::arrival:
        return {messages.facts().internal_date.time_since_epoch().count(), {}, {}};
      case Key::size:
        return {static_cast<std::int64_t>(messages.facts().size_bytes()), {}, {}};
      case Key::date:
        return {sent_time(messages), {}, {}};
      case Key::subject:
        return kept(summary.subject);
      case Key::from:
        return kept(summary.from);
      case Key::to:
        return kept(summary.to);
      case Key::cc:
        return kept(summary.cc);
      case Key::display_from:
        return kept(summary.display_from);
      case Key::display_to:
        return kept(summary.display_to);
    }
    return {};
  }

  // RFC 5256 3: what is equal by all criteria stands in the order of its numbers.
  bool is_before(const SortRow& a, const SortRow& b) const {
    auto order = a.first <=> b.first;
    for (std::size_t i = 0;; ++i) {
      if (order != 0) {
        return criteria_[i].reverse ? order > 0 : order < 0;
      }
      if (i == other_criteria()) {
        return a.at < b.at;
      }
      order = others_[a.at * other_criteria() + i] <=> others_[b.at * other_criteria() + i];
    }
  }

  const std::vector<FoundMessage>& found_;
  const std::vector<SortCriterion>& criteria_;
  std::pmr::monotonic_buffer_resource texts_;
  std::vector<SortRow> rows_;
  std::vector<SortValue> others_;  // those of found message n from n * other_criteria() on
};

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
  SortTable table(found, arguments.criteria);
  ListedMessages messages(client, found);
  for (std::uint32_t at = 0; co_await messages.next();) {
    while (found[at].message.uid != messages.message().uid) {
      ++at;
    }
    table.add(at, messages);
  }
  if (messages.error()) {
    co_return *messages.error();
  }
  co_await client.shared.work(table.size(), [&table] { table.sort(); });
  write_search_answer(client, command.tag,
                      {.found = table.take(), .arguments = arguments.search, .is_sorted = true});
  co_return completed(command);
}

}  // namespace postrider::imap
