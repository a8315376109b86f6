#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/shared_octets.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/flow/filing_turns.hpp>
#include <postrider/store/mailbox_store.hpp>

namespace postrider::flow {

// A message made ready for mailboxes, once for all copies of it.
struct PreparedMail {
  std::shared_ptr<const store::MailBody> body;
  std::string rendered;  // flow/rendered_mail.hpp
  std::uint64_t thread = 0;
};
using PreparedMailRef = std::shared_ptr<const PreparedMail>;

// One copy, and where it goes.
struct FilingOrder {
  std::string account;  // canonical name; its mailboxes are made if it has none
  store::MailboxId mailbox = store::MailboxId::inbox;
  // Of that special use rather, made if there is none. none: `mailbox`.
  store::SpecialUse use = store::SpecialUse::none;
  // Or of that name, whatever its case, if there is one: the detail of a subaddress (RFC 5233). Not
  // one in which nobody looks for new mail: Drafts, Sent, Trash and those that show others' mail.
  std::string folder;
  store::MailFlags flags;
  WallTime internal_date{};
  std::string trace;  // header fields in front of it, of this copy alone
  store::MailQuota quota;
  std::optional<DeliveryId> delivered;  // as in MailInsert
  std::optional<store::NewMessage> report;
};

// How a message enters a mailbox: by SMTP, LMTP, APPEND or import.
// Shard: one instance a core.
class MailFiling {
 public:
  MailFiling(engine::Reactor& reactor, store::MailboxStore& mailboxes)
      : reactor_(reactor), mailboxes_(mailboxes) {}

  // Renders, hashes and compresses; off the core where it is large. Memory: the message twice.
  [[nodiscard]] engine::Task<PreparedMailRef> prepare(SharedOctets octets);

  // Durable when it returns, with the end of the queue entry and its report in the same batch.
  // Before the message gets its UID, `turn` is waited for.
  // Errors: as MailboxStore's.
  [[nodiscard]] engine::Task<store::MailResult<store::InsertedMail>> file(
      PreparedMailRef mail, FilingOrder order, FilingTurns::Turn turn = {});

 private:
  [[nodiscard]] engine::Task<store::MailResult<store::MailboxId>> place_of(
      store::MailAccountId account, const FilingOrder& order);

  engine::Reactor& reactor_;
  store::MailboxStore& mailboxes_;
};

// RFC 5321 4.4: the reverse-path as Return-Path; and whose mailbox it is, as Delivered-To, by which
// a message that comes round again is known. `address`: what was written to; named as
// X-Original-To where it is another.
struct TraceFacts {
  std::string reverse_path;
  std::string account;
  std::string address;
};
[[nodiscard]] std::string trace_fields(const TraceFacts& facts);

}  // namespace postrider::flow
