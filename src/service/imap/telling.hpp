#pragma once

#include "client.hpp"

namespace postrider::imap {

// Before what is new in the selected mailbox is told: whether this client is the first to hear of
// it (RFC 3501 2.3.2). With IMAP4rev2, which has no \Recent, it takes it from others and tells
// nothing; if the store can't say, it is not the first.
[[nodiscard]] engine::Task<void> claim_recent(Client& client);

// When something may be told of the selected mailbox.
enum class Moment : std::uint8_t {
  command,      // at the end of a command
  own_expunge,  // of one that has removed messages: what is gone is told in any case
  idle,
  unasked,  // between commands, after NOTIFY
};
// What has changed in the selected mailbox, as far as the moment and NOTIFY (RFC 5465 6.1) let it
// be told. `how`: what the command lets be told.
void tell_of_selected(Client& client, Moment moment, SelectedMailbox::Telling how);

// What NOTIFY asks for of the other mailboxes.
void tell_of_account(Client& client);
[[nodiscard]] Notifier::Telling telling_of(const Client& client);

// FETCH responses for messages that were told to be new, if NOTIFY asks for them (RFC 5465 5.2).
// They are read as they are sent; what is lost meanwhile, with a message or the connection, is not
// told.
[[nodiscard]] engine::Task<void> fetch_new(Client& client);

}  // namespace postrider::imap
