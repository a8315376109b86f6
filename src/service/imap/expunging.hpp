#pragma once

#include "client.hpp"

#include <optional>
#include <vector>

namespace postrider::imap {

// Removes those of the selected mailbox that have \Deleted; `only`: among these UIDs. What another
// client sees and this one was not told of yet is left alone.
[[nodiscard]] engine::Task<store::MailResult<store::MailboxStore::Expunged>> expunge_deleted(
    Client& client, std::optional<SequenceSet> only);

}  // namespace postrider::imap
