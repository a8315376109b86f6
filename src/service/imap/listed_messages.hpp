#pragma once

#include "message_search.hpp"
#include "stored_message.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <postrider/codec/mime/header.hpp>

namespace postrider::imap {

// The facts and the listed header fields of messages, one after the other: what SORT and THREAD
// make their keys of.
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
  // The first of that name, unfolded; empty if there is none.
  [[nodiscard]] std::string field(std::string_view name) const;

 private:
  [[nodiscard]] engine::Task<store::MailResult<void>> load_slice();
  [[nodiscard]] engine::Task<store::MailResult<void>> load_header();

  Client& client_;
  const std::vector<FoundMessage>& found_;
  std::size_t at_ = 0;  // past the current one
  std::vector<StoredMessage> messages_;
  std::size_t row_ = 0;
  std::size_t loaded_ = 0;  // of found_, up to the end of the slice
  std::string header_;
  std::optional<mime::HeaderSection> section_;
  std::optional<Status> error_;
};

// RFC 5256 2.2: Date:, or INTERNALDATE where that can't be read; in seconds.
[[nodiscard]] std::int64_t sent_time(const ListedMessages& messages);

}  // namespace postrider::imap
