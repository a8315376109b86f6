#pragma once

#include "message_search.hpp"

#include <vector>

#include <postrider/codec/imap/summary_page.hpp>

namespace postrider::imap {

// Messages that were found, with what SORT and THREAD go by, of each in the same order. It stays as
// it is, whatever becomes of the messages and of what is kept of them.
struct ListedMessages {
  std::vector<FoundMessage> found;
  SummarizedMessages summaries;
};
struct ListingOrder {
  SummaryTextSet texts;  // what is needed of each
  bool uid = false;      // their numbers are UIDs
};

// What has gone is passed over. In: ascending, of the selected mailbox. Errors: the answer to the
// command. Cost: what the mailbox keeps is not read (summary_table.hpp); the rest is, a slice of
// some 1,000 at a time, and kept if there is room. A long one says how far it is (RFC 9585).
[[nodiscard]] engine::Task<Result<ListedMessages, Status>> list_messages(
    Client& client, std::vector<FoundMessage> found, ListingOrder order);

}  // namespace postrider::imap
