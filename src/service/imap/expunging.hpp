#pragma once

#include "client.hpp"

#include <optional>
#include <vector>

namespace postrider::imap {

// Removes those of the selected mailbox that have \Deleted; `only`: among these UIDs. What another
// client sees and this one was not told of yet is left alone.
struct ExpungedMessages : store::MailboxStore::Expunged {
  std::optional<store::Uid> lowest;  // RFC 9738 3.1: where it was cut short
};
[[nodiscard]] engine::Task<store::MailResult<ExpungedMessages>> expunge_deleted(
    Client& client, std::optional<SequenceSet> only);

}  // namespace postrider::imap
