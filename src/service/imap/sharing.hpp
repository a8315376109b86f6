#pragma once

#include "mailbox_access.hpp"

#include <string>
#include <vector>

namespace postrider::imap {

// Keeps who may do what with a mailbox, and lets those whom it concerns find it. A share is written
// before the right and removed after it: what is left over after a crash says nothing.
// `exists`: somebody else has changed the list since it was read; over_quota: somebody is shown too
// many mailboxes.
[[nodiscard]] engine::Task<store::MailResult<void>> save_access(Client& client, FoundMailbox found,
                                                                AccessList list);
// What a new mailbox has from the one above it (RFC 4314 4). In: that one's Mailbox::access.
[[nodiscard]] engine::Task<store::MailResult<void>> inherit_access(Client& client,
                                                                   MailboxPlace place,
                                                                   store::Mailbox made,
                                                                   std::string access);
// The mailbox is gone, and its list with it.
[[nodiscard]] engine::Task<store::MailResult<void>> forget_shares(Client& client,
                                                                  FoundMailbox found);

}  // namespace postrider::imap
