#pragma once

#include "mailbox_access.hpp"

#include <vector>

namespace postrider::imap {

struct CopyOrder {
  std::vector<store::Uid> uids;  // of the selected mailbox, ascending
  const FoundMailbox* target = nullptr;
  bool moves = false;
  store::MailQuota quota;  // of the target's account
};

// Copies what the store can't copy in one batch: from one account to another, or without the flags
// that the client may not set there (RFC 4314 4). Some at a time; when that fails, a COPY takes
// back what it has copied (RFC 9051 6.4.7), and a MOVE has moved whole messages (RFC 6851 3.3).
// Copied::modseq is the selected mailbox's, of a MOVE.
// Limits: the octets of one group, out of what all APPENDs may hold.
[[nodiscard]] engine::Task<Permitted<store::Copied>> copy_across(Client& client, CopyOrder order);

}  // namespace postrider::imap
