#include "mail_home.hpp"

#include <algorithm>

namespace postrider::store {

// Nothing is written for it: a mailbox's row goes to the disk with each of its changes, and who has
// seen new messages changes one of them soon.
engine::Task<MailResult<Uid>> MailHome::claim_recent(MailAccountId id, MailboxId mailbox, Uid end,
                                                     bool take) {
  auto opened = co_await hold_mailbox(id, mailbox, See::counters);
  if (!opened) {
    co_return failure(opened.error());
  }
  Mailbox& row = opened->box->row;
  const Uid from = row.recent_from;
  if (take) {
    row.recent_from = std::max(from, std::min(end, row.uid_next));
  }
  co_return from;
}

}  // namespace postrider::store
