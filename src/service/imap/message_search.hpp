#pragma once

#include "client.hpp"

#include <expected>
#include <vector>

#include <postrider/codec/imap/search.hpp>

namespace postrider::imap {

// A message that a search has found.
struct FoundMessage {
  NumberedUid message;
  store::ModSeq modseq = 0;  // 0: it was not looked at
};

// Those of the selected mailbox that a key fits, ascending. Reads no more than the key needs:
// nothing for UIDs and \Seen, facts for flags, sizes and dates, what was rendered at delivery for
// headers, the bodies only for BODY and TEXT. Errors: the answer to the command.
// Memory: what is found, and the text of one message.
[[nodiscard]] engine::Task<Result<std::vector<FoundMessage>, Status>> search_messages(
    Client& client, const SearchKey& key, bool wants_modseq);

}  // namespace postrider::imap
