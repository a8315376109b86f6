#pragma once

#include "index_database.hpp"

#include <cstdint>
#include <vector>

#include <postrider/engine/task.hpp>
#include <postrider/store/mailbox_store.hpp>

namespace postrider::search {

// What is read of messages before they are put into an index, so that no more is in memory.
struct ReadLimits {
  std::size_t messages = 500;
  std::uint64_t octets = 4ULL * 1024 * 1024;       // of one batch; the last one may go beyond it
  std::uint64_t text_octets = 8ULL * 1024 * 1024;  // of one message's text; others are skipped
};

struct ReadBatch {
  std::vector<MailText> texts;  // without those that have gone
  std::size_t looked_at = 0;    // of the UIDs that were given
};

// Reads the searchable parts of the first of `uids`, as SEARCH does.
// Errors: not of one message, but of the store: try again later.
[[nodiscard]] engine::Task<store::MailResult<ReadBatch>> read_texts(store::MailboxStore& store,
                                                                    store::MailAccountId account,
                                                                    store::MailboxId mailbox,
                                                                    std::vector<store::Uid> uids,
                                                                    ReadLimits limits);

}  // namespace postrider::search
