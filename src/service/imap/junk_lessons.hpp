#pragma once

#include "mailbox_access.hpp"

#include <vector>

namespace postrider::imap {

// What a client has put into `target`, from a mailbox of the use `from` (none: from outside), is a
// lesson for filters if one of them is for junk. Returns at once.
void note_sorted(Client& client, store::SpecialUse from, const FoundMailbox& target,
                 std::vector<store::Uid> uids);

}  // namespace postrider::imap
