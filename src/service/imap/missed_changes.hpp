#pragma once

#include "client.hpp"

#include <optional>
#include <vector>

namespace postrider::imap {

// What a client that comes back was not there to see (RFC 7162 3.2.5).
struct MissedQuestion {
  store::ModSeq since = 0;
  std::optional<SequenceSet> known;  // UIDs that it has; nullopt: all
};
struct Missed {
  std::vector<NumberRun> vanished;
  std::vector<store::Uid> changed;  // ascending
};
// Of the selected mailbox, as far as it is shown. Where too much has been purged to know what went
// since, all that is not there has vanished.
[[nodiscard]] engine::Task<store::MailResult<Missed>> load_missed(Client& client,
                                                                  MissedQuestion question);

// VANISHED (EARLIER), then a FETCH for each message that changed.
[[nodiscard]] engine::Task<store::MailResult<void>> tell_missed(Client& client,
                                                                MissedQuestion question);

}  // namespace postrider::imap
