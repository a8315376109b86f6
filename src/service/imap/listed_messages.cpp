#include "listed_messages.hpp"

#include "read_ahead.hpp"
#include "replies.hpp"
#include "stored_message.hpp"
#include "summary_table.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

#include <postrider/base/assert.hpp>

namespace postrider::imap {
namespace {

using Row = SummaryPage::Row;
using store::Uid;

constexpr std::size_t slice = 1024;

// Goes through a page, to UIDs that ascend.
class PageCursor {
 public:
  explicit PageCursor(const SummaryPage* page)
      : rows_(page == nullptr ? std::span<const Row>() : page->rows()) {}
  // The row of that message, if it is here.
  [[nodiscard]] std::optional<std::uint32_t> find(Uid uid) {
    if (at_ < rows_.size() && rows_[at_].uid < uid) {
      ++at_;  // mostly the next one
      if (at_ < rows_.size() && rows_[at_].uid < uid) {
        const auto found = std::ranges::lower_bound(rows_.subspan(at_), uid, {}, &Row::uid);
        at_ += static_cast<std::size_t>(std::distance(rows_.subspan(at_).begin(), found));
      }
    }
    return at_ < rows_.size() && rows_[at_].uid == uid
               ? std::optional(static_cast<std::uint32_t>(at_))
               : std::nullopt;
  }

 private:
  std::span<const Row> rows_;
  std::size_t at_ = 0;
};

// One that had to be read.
struct ReadSummary {
  SummaryPageMaker::Facts facts;
  SummaryView summary;
};

class Listing {
 public:
  Listing(Client& client, std::vector<FoundMessage>& found, ListingOrder order)
      : client_(client), found_(found), order_(order) {}

  engine::Task<Result<ListedMessages, Status>> run() {
    out_.found.reserve(found_.size());
    out_.summaries.messages.reserve(found_.size());
    for (std::size_t at = 0; at < found_.size();) {
      const std::size_t end = take_slice(at);
      if (auto refusal = co_await list_slice()) {
        co_return failure(*std::move(refusal));
      }
      co_await client_.advance(end - at);
      at = end;
    }
    co_return std::move(out_);
  }

 private:
  // Those found of one page of UIDs.
  struct Part {
    Uid number = 0;  // of the page
    std::span<const FoundMessage> found;
    SummaryPageRef page;                // as far as it is kept; then with those that were read
    std::vector<Uid> missing;           // are not in it, or have gone from the mailbox
    std::span<const ReadSummary> read;  // of those
  };

  [[nodiscard]] SharedMailbox& mailbox() { return client_.selected->shared(); }

  // Whole pages, as many as make a slice. Out: where the next one begins.
  std::size_t take_slice(std::size_t begin) {
    parts_.clear();
    std::size_t end = begin;
    while (end < found_.size()) {
      const Uid number = SummaryTable::page_of(found_[end].message.uid);
      std::size_t part_end = end;
      while (part_end < found_.size() &&
             SummaryTable::page_of(found_[part_end].message.uid) == number) {
        ++part_end;
      }
      if (part_end - begin > slice && end > begin) {
        break;
      }
      parts_.push_back({.number = number,
                        .found = std::span(found_).subspan(end, part_end - end),
                        .page = mailbox().summaries().find(number),
                        .missing = {},
                        .read = {}});
      end = part_end;
    }
    return end;
  }

  engine::Task<std::optional<Status>> list_slice() {
    std::vector<Uid> missing;
    for (Part& part : parts_) {
      find_missing(part);
      missing.insert(missing.end(), part.missing.begin(), part.missing.end());
    }
    std::vector<StoredMessage> stored;  // which `read` looks into
    std::vector<ReadSummary> read;
    if (!missing.empty()) {
      if (auto refusal = co_await read_missing(std::move(missing), stored, read)) {
        co_return refusal;
      }
    }
    const SummaryPageRef rest = keep(read);
    PageCursor in_rest(rest.get());
    const std::uint32_t rest_number = add_page(rest);
    for (const Part& part : parts_) {
      place(part, in_rest, rest_number);
    }
    co_return std::nullopt;
  }

  // What has been expunged is looked for anew, by who is still shown it: it may have been purged.
  void find_missing(Part& part) {
    const bool is_current = client_.selected->uids() == mailbox().uids();
    PageCursor kept(part.page.get());
    for (const FoundMessage& one : part.found) {
      const bool is_there = is_current || mailbox().uids()->contains(one.message.uid);
      if (!is_there || !kept.find(one.message.uid)) {
        part.missing.push_back(one.message.uid);
      }
    }
  }

  engine::Task<std::optional<Status>> read_missing(std::vector<Uid> uids,
                                                   std::vector<StoredMessage>& stored,
                                                   std::vector<ReadSummary>& read) {
    auto rows = co_await mailbox().facts(std::move(uids));
    if (!rows) {
      co_return refusal_of(rows.error());
    }
    stored = co_await read_ahead(client_.store(), mailbox().account(), mailbox().id(),
                                 *std::move(rows), {.details = true});
    for (StoredMessage& message : stored) {
      auto summary = message.kept_summary();
      if (!summary) {
        auto made = co_await message.summary();
        if (!made && made.error() != store::MailError::not_found) {
          co_return refusal_of(made.error());
        }
        if (!made) {
          continue;  // purged
        }
        summary = *std::move(made);
      }
      const store::MailFacts& facts = std::as_const(message).facts();
      read.push_back({.facts = {.uid = message.uid(),
                                .arrival = facts.internal_date,
                                .size_bytes = facts.size_bytes()},
                      .summary = *std::move(summary)});
    }
    co_return std::nullopt;
  }

  // Puts what was read into the mailbox's pages, where there is room. Out: the rest of it, or
  // nullptr.
  SummaryPageRef keep(std::span<const ReadSummary> read) {
    SummaryPageMaker rest(client_.shared.secret, order_.texts);
    for (Part& part : parts_) {
      const auto end = std::ranges::find_if(read, [&part](const ReadSummary& one) {
        return SummaryTable::page_of(one.facts.uid) != part.number;
      });
      part.read = read.first(static_cast<std::size_t>(std::distance(read.begin(), end)));
      read = read.subspan(part.read.size());
      if (part.read.empty()) {
        continue;
      }
      if (mailbox().summaries().has_room(part.read.size())) {
        part.page = with_read(part);
        mailbox().summaries().put(part.number, part.page, *mailbox().uids());
        continue;
      }
      for (const ReadSummary& one : part.read) {
        rest.add(one.facts, one.summary);
      }
    }
    return rest.is_empty() ? nullptr : rest.finish();
  }

  SummaryPageRef with_read(const Part& part) {
    // If nothing was kept when it was looked for, another may have kept some since.
    const SummaryPageRef before =
        part.page == nullptr ? mailbox().summaries().find(part.number) : part.page;
    const auto rows = before == nullptr ? std::span<const Row>() : before->rows();
    SummaryPageMaker page(client_.shared.secret);
    std::size_t row = 0;
    for (const ReadSummary& one : part.read) {
      for (; row < rows.size() && rows[row].uid < one.facts.uid; ++row) {
        page.add(*before, row);
      }
      if (row == rows.size() || rows[row].uid != one.facts.uid) {
        page.add(one.facts, one.summary);
      }
    }
    for (; row < rows.size(); ++row) {
      page.add(*before, row);
    }
    return page.finish();
  }

  // Out: its number, if there is one.
  std::uint32_t add_page(const SummaryPageRef& page) {
    if (page == nullptr) {
      return 0;
    }
    out_.summaries.pages.push_back(page);
    return static_cast<std::uint32_t>(out_.summaries.pages.size() - 1);
  }

  void place(const Part& part, PageCursor& in_rest, std::uint32_t rest_number) {
    const std::uint32_t page_number = add_page(part.page);
    PageCursor in_page(part.page.get());
    auto missing = part.missing.begin();
    auto read = part.read.begin();
    for (const FoundMessage& one : part.found) {
      const Uid uid = one.message.uid;
      if (missing != part.missing.end() && *missing == uid) {
        ++missing;
        if (read == part.read.end() || read->facts.uid != uid) {
          continue;  // it has gone
        }
        ++read;
      }
      const auto row = in_page.find(uid);
      const auto row_of_rest = row ? row : in_rest.find(uid);
      check(row_of_rest.has_value(), "what was kept or read stands in a page");
      out_.found.push_back(one);
      out_.summaries.messages.push_back({.number = order_.uid ? uid : one.message.number,
                                         .page = row ? page_number : rest_number,
                                         .row = *row_of_rest,
                                         .relevance = one.relevance});
    }
  }

  Client& client_;
  std::vector<FoundMessage>& found_;
  ListingOrder order_;
  std::vector<Part> parts_;  // of the slice
  ListedMessages out_;
};

}  // namespace

engine::Task<Result<ListedMessages, Status>> list_messages(Client& client,
                                                           std::vector<FoundMessage> found,
                                                           ListingOrder order) {
  Listing listing(client, found, order);
  co_return co_await listing.run();
}

}  // namespace postrider::imap
