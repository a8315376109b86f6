#pragma once

#include "message_limit.hpp"

#include <optional>
#include <string_view>
#include <vector>

#include <postrider/engine/task.hpp>
#include <postrider/store/mailbox_store.hpp>

namespace postrider::imap {

// Reads the envelopes of messages, some at a time, where nothing else is asked for: they stand
// among the details, so that facts are not read.
// Memory: of one batch 512 KiB (and one message); as FetchReader's of who was cut short.
class EnvelopeReader {
 public:
  struct Listed {
    NumberedUid message;
    std::string_view envelope;  // as it goes out; empty: it has to be made of the message
  };
  struct Batch {
    SharedOctets octets;         // as long as somebody holds them, the views are valid
    std::vector<Listed> listed;  // in the order in which they are answered
    bool is_last = false;
  };

  // `client` outlives it.
  EnvelopeReader(Client& client, LimitedMessages messages)
      : store_(client.store()),
        selected_(*client.selected),
        is_from_end_(messages.lowest.has_value()),
        slices_(selected_, std::move(messages)) {}

  [[nodiscard]] engine::Task<Batch> next();
  // Some were there when they were numbered, and are not any more.
  [[nodiscard]] bool is_something_gone() const { return is_something_gone_; }

 private:
  store::MailboxStore& store_;
  SelectedMailbox& selected_;
  bool is_from_end_;
  MessageSlices slices_;
  std::vector<NumberedUid> slice_;
  std::size_t at_ = 0;  // of the slice: what has not been read
  bool is_something_gone_ = false;
};

}  // namespace postrider::imap
