#pragma once

#include "mailbox_access.hpp"

#include <optional>
#include <vector>

#include <postrider/codec/imap/mailbox_commands.hpp>

namespace postrider::imap {

// Writes one STATUS response (RFC 9051 7.3.4), of one that the client may read.
[[nodiscard]] engine::Task<store::MailResult<void>> write_status(Client& client,
                                                                 const FoundMailbox& mailbox,
                                                                 std::vector<StatusItem> items);

}  // namespace postrider::imap
