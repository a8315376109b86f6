#pragma once

#include "mailbox_access.hpp"

#include <optional>
#include <vector>

namespace postrider::imap {

struct CopyOrder {
  std::vector<store::Uid> uids;  // of the selected mailbox, ascending
  const FoundMailbox* target = nullptr;
  bool moves = false;
  store::MailQuota quota;  // of the target's account
};

// What was copied or moved; with `refusal`, what was moved until it failed (RFC 6851 3.3).
struct CopyOutcome {
  store::Copied copied;  // `modseq`: the selected mailbox's, of a MOVE
  std::optional<Status> refusal;
};

// Slice by slice, since a batch holds what it writes: in one account by the store, from one account
// to another, or without the flags that the client may not set there (RFC 4314 4), message by
// message. When it fails, a COPY takes back what it has copied (RFC 9051 6.4.7), and a MOVE has
// moved whole messages. Of a COPY that a crash interrupts whole slices stay.
// Limits: a slice; the octets of a group out of what all APPENDs may hold.
[[nodiscard]] engine::Task<CopyOutcome> copy_messages(Client& client, CopyOrder order);

}  // namespace postrider::imap
