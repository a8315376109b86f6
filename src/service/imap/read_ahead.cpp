#include "read_ahead.hpp"

#include <utility>

namespace postrider::imap {
namespace {

constexpr std::size_t worth_it = 2;  // one alone is read where it is used

engine::Task<void> read_details(store::MailboxStore& store, store::MailAccountId account,
                                store::MailboxId mailbox, store::MailDetails::Part part,
                                std::vector<StoredMessage>& messages) {
  std::vector<store::Uid> uids;
  uids.reserve(messages.size());
  for (const StoredMessage& message : messages) {
    uids.push_back(message.uid());
  }
  const auto details = co_await store.details(account, mailbox, std::move(uids), part);
  if (!details) {
    co_return;  // by itself each says what is wrong with it
  }
  auto message = messages.begin();
  for (const store::MailDetails::Row& row : details->rows) {
    while (message->uid() != row.uid) {
      ++message;
    }
    message->set_detail(*details, row, part);
  }
}

}  // namespace

engine::Task<void> read_bodies_ahead(store::MailboxStore& store,
                                     std::vector<StoredMessage*> messages) {
  if (messages.size() < worth_it) {
    co_return;
  }
  std::vector<store::BlobId> blobs;
  std::vector<StoredMessage*> whose;
  std::uint64_t octets = 0;
  for (StoredMessage* message : messages) {
    const std::uint64_t ahead = octets_ahead(message->facts());
    if (ahead > 0 && octets + ahead <= ahead_octets_max) {
      octets += ahead;
      blobs.push_back(message->facts().blob);
      whose.push_back(message);
    }
  }
  auto frames = co_await store.read_bodies(std::move(blobs));
  for (std::size_t i = 0; i < frames.size(); ++i) {
    whose[i]->set_body(std::move(frames[i]));
  }
}

engine::Task<std::vector<StoredMessage>> read_ahead(store::MailboxStore& store,
                                                    store::MailAccountId account,
                                                    store::MailboxId mailbox,
                                                    std::vector<store::MailRow> rows,
                                                    ReadAhead ahead) {
  std::vector<StoredMessage> messages;
  messages.reserve(rows.size());
  for (store::MailRow& row : rows) {
    messages.emplace_back(store, account, mailbox, std::move(row));
  }
  if (messages.size() >= worth_it && (ahead.details || ahead.traces)) {
    using Part = store::MailDetails::Part;
    co_await read_details(store, account, mailbox, ahead.details ? Part::all : Part::trace,
                          messages);
  }
  if (ahead.bodies) {
    std::vector<StoredMessage*> all;
    all.reserve(messages.size());
    for (StoredMessage& message : messages) {
      all.push_back(&message);
    }
    co_await read_bodies_ahead(store, std::move(all));
  }
  co_return messages;
}

}  // namespace postrider::imap
