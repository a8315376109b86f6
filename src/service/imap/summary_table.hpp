#pragma once

#include <cstddef>
#include <map>

#include <postrider/codec/imap/summary_page.hpp>
#include <postrider/store/uid_set.hpp>

namespace postrider::imap {

// How many octets of summaries the mailboxes of one core may keep.
struct SummaryBudget {
  std::size_t left = 0;
};

// What messages of a mailbox are sorted and threaded by, of those that a SORT or THREAD has read:
// it never changes, so that the next one reads nothing. In pages of 1,024 UIDs.
// Memory: some 150 to 300 octets a message, within the budget. A page goes when most of its
// messages have gone: what is left of it is read again.
class SummaryTable {
 public:
  explicit SummaryTable(SummaryBudget& budget) : budget_(budget) {}
  SummaryTable(const SummaryTable&) = delete;
  SummaryTable& operator=(const SummaryTable&) = delete;
  ~SummaryTable();

  // The page that a message belongs to.
  [[nodiscard]] static store::Uid page_of(store::Uid uid) { return uid / page_uids; }
  // nullptr: none of its messages is here.
  [[nodiscard]] SummaryPageRef find(store::Uid page) const;
  // Whether so many more may find room, as mail mostly is.
  [[nodiscard]] bool has_room(std::size_t messages) const;
  // In place of what is kept of that page; which stays if there is no room. `there`: those of the
  // mailbox.
  void put(store::Uid page, SummaryPageRef summaries, const store::UidSet& there);
  // That message has gone.
  void erase(store::Uid uid);

 private:
  static constexpr store::Uid page_uids = 1024;
  struct Kept {
    SummaryPageRef summaries;
    std::size_t gone = 0;  // of its messages
  };
  void drop(std::map<store::Uid, Kept>::iterator page);

  SummaryBudget& budget_;
  std::map<store::Uid, Kept> pages_;
};

}  // namespace postrider::imap
