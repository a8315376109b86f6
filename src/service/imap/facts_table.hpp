#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include <postrider/store/mailbox_store.hpp>

namespace postrider::imap {

// Of how many messages the mailboxes of one core may keep the facts: some 30 MB in all.
struct FactsBudget {
  std::size_t left = 256 * 1024;
};

// The facts of a mailbox's messages that have been read once, so that to list again what has not
// changed reads nothing.
// Memory: about 120 octets a message, within the budget.
class FactsTable {
 public:
  explicit FactsTable(FactsBudget& budget) : budget_(budget) {}
  FactsTable(const FactsTable&) = delete;
  FactsTable& operator=(const FactsTable&) = delete;
  ~FactsTable() { budget_.left += size_; }

  // In: ascending. nullopt if one of them is not here.
  [[nodiscard]] std::optional<std::vector<store::MailRow>> find(
      const std::vector<store::Uid>& uids) const;
  // One that is here already stays as it is. There may be no room.
  void add(const store::MailRow& row);
  // A change that a row knows already, or has been overtaken by, changes nothing.
  void set_flags(store::Uid uid, const store::MailFlags& flags, store::ModSeq modseq);
  void erase(store::Uid uid);
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  using Page = std::vector<store::MailRow>;  // ascending
  static constexpr store::Uid page_uids = 1024;

  FactsBudget& budget_;
  std::size_t size_ = 0;
  std::map<store::Uid, Page> pages_;  // by UID / page_uids
};

}  // namespace postrider::imap
