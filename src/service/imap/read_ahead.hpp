#pragma once

#include "stored_message.hpp"

#include <span>
#include <vector>

#include <postrider/engine/task.hpp>
#include <postrider/store/mailbox_store.hpp>

namespace postrider::imap {

// What is read of the messages of one slice at once, before each is looked at.
struct ReadAhead {
  bool traces = false;   // what stands in front of bodies
  bool details = false;  // traces, envelopes, structures, listed fields
  bool bodies = false;   // of small ones, within ahead_octets_max
  // Of traces and details: who has more of them gets fewer messages.
  std::uint64_t octets_max = UINT64_MAX;
};
// Of one slice's bodies in memory; those beyond are read when their turn comes.
inline constexpr std::uint64_t ahead_octets_max = 1024 * 1024;
inline constexpr std::uint64_t ahead_body_octets_max = 64 * 1024;

// So many of a body are read ahead; 0: it is read when its turn comes.
[[nodiscard]] inline std::uint64_t octets_ahead(const store::MailFacts& facts) {
  return facts.body_bytes <= ahead_body_octets_max ? facts.body_bytes : 0;
}

// The first messages of `rows` (ascending), in their order: all that go into octets_max, and one at
// least. Their rows are taken. What can't be read is left to who asks for it.
[[nodiscard]] engine::Task<std::vector<StoredMessage>> read_ahead(store::MailboxStore& store,
                                                                  store::MailAccountId account,
                                                                  store::MailboxId mailbox,
                                                                  std::span<store::MailRow> rows,
                                                                  ReadAhead ahead);
// The same of all of them.
[[nodiscard]] engine::Task<std::vector<StoredMessage>> read_ahead(store::MailboxStore& store,
                                                                  store::MailAccountId account,
                                                                  store::MailboxId mailbox,
                                                                  std::vector<store::MailRow> rows,
                                                                  ReadAhead ahead);

// Bodies of some that have been read ahead, within the same bounds. They stay as they are where
// they can't be read.
[[nodiscard]] engine::Task<void> read_bodies_ahead(store::MailboxStore& store,
                                                   std::vector<StoredMessage*> messages);

}  // namespace postrider::imap
