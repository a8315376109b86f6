#pragma once

#include "kv.hpp"

#include <string>
#include <vector>

#include <postrider/base/random.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::store {

// What a start needs to know of what the last process left, found without a scan of the queue.
struct StartState {
  MessageId largest_id;             // of all that are stored, and of those that were, on a close
  std::string secret;               // AccountStore::server_secret()
  std::vector<JournalEntry> begun;  // attempts begun and not settled
  std::vector<MessageId> staged;    // large messages that were never committed
};

// Writes the format word and the secret into a new database. Throws std::runtime_error with problem
// and remedy.
[[nodiscard]] StartState load_start_state(Kv& kv, Random& random);

// Remembers the largest id at an orderly end, so that ids ascend even if the queue is empty and the
// clock steps back. Best effort.
void save_largest_id(Kv& kv, MessageId id);

}  // namespace postrider::store
