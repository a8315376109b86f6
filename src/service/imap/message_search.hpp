#pragma once

#include "client.hpp"

#include <optional>
#include <vector>

#include <postrider/codec/imap/search.hpp>

namespace postrider::imap {

// A message that a search has found.
struct FoundMessage {
  NumberedUid message;
  store::ModSeq modseq = 0;      // 0: it was not looked at
  std::uint8_t relevance = 100;  // RFC 6203 4
};

// What to look for, and where. All of it outlives the search.
struct SearchOrder {
  SelectedMailbox& mailbox;  // the selected one, or another that was opened to be searched
  const SearchKey& key;
  bool wants_modseq = false;
  bool all_or_none = false;   // more than MESSAGELIMIT are refused
  bool is_all_of_it = false;  // the command does nothing else: its goal is known (RFC 9585)
};
struct Searched {
  std::vector<FoundMessage> found;
  // RFC 9738 3.1: so many were looked at, and none with a smaller UID.
  std::optional<store::Uid> lowest;
};

// Those of the mailbox that a key fits, ascending. Reads no more than the key needs:
// nothing for UIDs and \Seen, facts for flags, sizes and dates, what was rendered at delivery for
// headers, the bodies only for BODY and TEXT; less where a full-text index knows. Errors: the
// answer to the command. Memory: what is found, and the text of one message. A long one says how
// far it is (RFC 9585).
[[nodiscard]] engine::Task<Result<Searched, Status>> search_messages(Client& client,
                                                                     SearchOrder order);

}  // namespace postrider::imap
