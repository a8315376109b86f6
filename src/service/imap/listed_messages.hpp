#pragma once

#include "message_search.hpp"
#include "stored_message.hpp"

#include <memory_resource>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <postrider/codec/imap/summary.hpp>

namespace postrider::imap {

// The facts and the summaries of messages, one after the other: what SORT and THREAD go by.
class ListedMessages {
 public:
  ListedMessages(Client& client, const std::vector<FoundMessage>& found)
      : client_(client), found_(found) {}

  // False: that was the last one, or error() says what is wrong. What has gone is passed over.
  [[nodiscard]] engine::Task<bool> next();
  [[nodiscard]] const std::optional<Status>& error() const { return error_; }

  // Valid until next().
  [[nodiscard]] NumberedUid message() const { return found_[at_ - 1].message; }
  [[nodiscard]] const store::MailFacts& facts() const {
    return std::as_const(messages_[row_ - 1]).facts();
  }
  [[nodiscard]] const SummaryView& summary() const { return summary_; }

 private:
  [[nodiscard]] engine::Task<store::MailResult<void>> load_slice();

  Client& client_;
  const std::vector<FoundMessage>& found_;
  std::size_t at_ = 0;  // past the current one
  std::vector<StoredMessage> messages_;
  std::size_t row_ = 0;
  std::size_t loaded_ = 0;  // of found_, up to the end of the slice
  SummaryView summary_;
  std::optional<Status> error_;
};

// A text of the current message, for as long as `texts` lives.
[[nodiscard]] std::string_view keep(std::pmr::memory_resource& texts, std::string_view text);

// RFC 5256 2.2: Date:, or INTERNALDATE where that can't be read; in seconds.
[[nodiscard]] std::int64_t sent_time(const ListedMessages& messages);

}  // namespace postrider::imap
