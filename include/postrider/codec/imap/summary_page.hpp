#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/time.hpp>
#include <postrider/codec/imap/summary.hpp>

namespace postrider::imap {

// The texts that SORT and THREAD compare, as SummaryView has them. `id` means the identifiers that
// a message refers to as well.
enum class SummaryText : std::uint8_t { subject, from, to, cc, display_from, display_to, id };
inline constexpr std::size_t summary_texts = 7;
using SummaryTextSet = std::bitset<summary_texts>;

// What some messages of a mailbox are sorted and threaded by, ready to be used: it is parsed once,
// what several of them say stands here once, and each text has its hash beside it, so that texts of
// many pages are told apart without a look at most of them. Never changes.
// Memory: 64 octets a message, its texts and 24 octets for each of them, 4 for each reference.
class SummaryPage {
 public:
  // Of a text; the same for all of this page that are equal. 0: the empty one.
  using TextNumber = std::uint32_t;

  struct Row {
    std::int64_t sent = 0;     // seconds: Date:, else INTERNALDATE (RFC 5256 2.2)
    std::int64_t arrival = 0;  // INTERNALDATE, nanoseconds
    std::uint64_t size_bytes = 0;
    std::uint32_t uid = 0;
    std::uint32_t first_reference = 0;  // its own end where the next row's begin
    std::array<TextNumber, summary_texts> texts{};
    bool is_reply = false;
    [[nodiscard]] TextNumber text(SummaryText which) const {
      return texts[static_cast<std::size_t>(which)];
    }
  };

  [[nodiscard]] std::span<const Row> rows() const { return rows_; }  // by UID, ascending
  [[nodiscard]] std::span<const TextNumber> references(std::size_t row) const {
    const std::size_t begin = rows_[row].first_reference;
    const std::size_t end =
        row + 1 < rows_.size() ? rows_[row + 1].first_reference : references_.size();
    return std::span(references_).subspan(begin, end - begin);
  }
  [[nodiscard]] std::size_t text_count() const { return hashes_.size(); }
  // As long as the page lives.
  [[nodiscard]] std::string_view text(TextNumber text) const {
    return std::string_view(octets_).substr(begins_[text], begins_[text + 1] - begins_[text]);
  }
  // By the maker's secret.
  [[nodiscard]] std::uint64_t hash(TextNumber text) const { return hashes_[text]; }
  // What it takes.
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  friend class SummaryPageMaker;
  std::vector<Row> rows_;
  std::vector<TextNumber> references_;
  std::string octets_;                 // of the texts, one after the other
  std::vector<std::uint64_t> begins_;  // of each in `octets_`, and the end
  std::vector<std::uint64_t> hashes_;
};
// Held by who keeps it and by each command that looks at it: none of them knows who is last.
using SummaryPageRef = std::shared_ptr<const SummaryPage>;

// Makes a page, message by message, in ascending order of their UIDs.
// `secret`: of the process, so that nobody can write texts whose hashes are the same.
class SummaryPageMaker {
 public:
  struct Facts {
    std::uint32_t uid = 0;
    WallTime arrival{};
    std::uint64_t size_bytes = 0;
  };

  // Texts that are not `wanted` are left empty.
  explicit SummaryPageMaker(std::uint64_t secret, SummaryTextSet wanted = ~SummaryTextSet());
  void add(const Facts& facts, const SummaryView& summary);
  // One of another page of the same secret.
  void add(const SummaryPage& page, std::size_t row);
  [[nodiscard]] bool is_empty() const { return page_.rows_.empty(); }
  // The last call.
  [[nodiscard]] SummaryPageRef finish();

 protected:  // tests make texts whose hashes are the same
  using TextNumber = SummaryPage::TextNumber;
  [[nodiscard]] TextNumber number_of_hashed(std::string_view text, std::uint64_t hash);

 private:
  [[nodiscard]] bool wants(SummaryText which) const {
    return wanted_.test(static_cast<std::size_t>(which));
  }
  [[nodiscard]] TextNumber number_of(std::string_view text);
  void grow();

  std::uint64_t secret_;
  SummaryTextSet wanted_;
  SummaryPage page_;
  std::vector<TextNumber> slots_;  // by hash, open addressing; 0: free
};

// A message that is sorted or threaded, and where what it goes by stands.
struct SummarizedMessage {
  std::uint32_t number = 0;      // message number or UID, not 0
  std::uint32_t page = 0;        // of SummarizedMessages::pages
  std::uint32_t row = 0;         // of that page
  std::uint8_t relevance = 100;  // RFC 6203 4
};
struct SummarizedMessages {
  std::vector<SummaryPageRef> pages;        // of one secret
  std::vector<SummarizedMessage> messages;  // ascending by number, each once
  [[nodiscard]] const SummaryPage& page(std::size_t message) const {
    return *pages[messages[message].page];
  }
  [[nodiscard]] const SummaryPage::Row& row(std::size_t message) const {
    return page(message).rows()[messages[message].row];
  }
};

}  // namespace postrider::imap
