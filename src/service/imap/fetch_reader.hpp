#pragma once

#include "fetch_items.hpp"
#include "message_limit.hpp"

#include <unordered_set>
#include <vector>

#include <postrider/base/result.hpp>

namespace postrider::imap {

// Reads the messages that a FETCH answers, some at a time, and marks them as seen where it has to.
// Memory: of one batch its facts, within 512 KiB (and one message) its traces and details, within
// as many its bodies. Who was cut short by MESSAGELIMIT gets them from the largest UID down, up to
// 250 at a time whatever they have.
class FetchReader {
 public:
  struct Batch {
    std::vector<std::uint32_t> numbers;
    std::vector<StoredMessage> messages;  // of each number one
    std::unordered_set<store::Uid> seen_now;
    bool is_from_end = false;  // they are answered from the last to the first
    [[nodiscard]] bool is_empty() const { return messages.empty(); }
  };

  // `client` and `plan` outlive it.
  FetchReader(Client& client, const FetchPlan& plan, LimitedMessages messages)
      : client_(client),
        selected_(*client.selected),
        plan_(plan),
        is_from_end_(messages.lowest.has_value()),
        slices_(selected_, std::move(messages)) {}

  // Ascending; empty: those were all.
  [[nodiscard]] engine::Task<Result<Batch, Status>> next();
  // Some were there when they were numbered, and are not any more.
  [[nodiscard]] bool is_something_gone() const { return is_something_gone_; }

 private:
  struct Part {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  [[nodiscard]] bool needs_facts() const;
  [[nodiscard]] engine::Task<std::optional<Status>> load_slice(
      const std::vector<NumberedUid>& messages);
  [[nodiscard]] engine::Task<std::optional<Status>> mark_seen();
  [[nodiscard]] Part next_part() const;

  Client& client_;
  SelectedMailbox& selected_;
  const FetchPlan& plan_;
  bool is_from_end_;
  MessageSlices slices_;
  // Of the slice; what has been read of it no more.
  std::vector<store::MailRow> rows_;
  std::vector<std::uint32_t> numbers_;
  std::unordered_set<store::Uid> seen_now_;
  Part left_;
  bool is_something_gone_ = false;
};

}  // namespace postrider::imap
