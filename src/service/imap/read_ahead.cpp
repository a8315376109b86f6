#include "read_ahead.hpp"

#include <utility>

namespace postrider::imap {
namespace {

constexpr std::size_t worth_it = 2;  // one alone is read where it is used

using Part = store::MailDetails::Part;

// Without a value: by itself each says what is wrong with it.
engine::Task<store::MailResult<store::MailDetails>> read_details(
    store::MailboxStore& store, store::MailAccountId account, store::MailboxId mailbox,
    std::span<const store::MailRow> rows, ReadAhead ahead) {
  if (rows.size() < worth_it || !(ahead.details || ahead.traces)) {
    co_return failure(store::MailError::not_found);
  }
  constexpr store::DetailsWanted::Cut all = [](std::string_view rendered) { return rendered; };
  store::DetailsWanted wanted{.cut = ahead.details ? all : nullptr, .octets_max = ahead.octets_max};
  wanted.uids.reserve(rows.size());
  for (const store::MailRow& row : rows) {
    wanted.uids.push_back(row.uid);
  }
  co_return co_await store.details(account, mailbox, std::move(wanted));
}

void set_details(const store::MailDetails& details, Part part,
                 std::vector<StoredMessage>& messages) {
  auto message = messages.begin();
  for (const store::MailDetails::Row& row : details.rows) {
    while (message->uid() != row.uid) {
      ++message;
    }
    message->set_detail(details, row, part);
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
                                                    std::span<store::MailRow> rows,
                                                    ReadAhead ahead) {
  const auto details = co_await read_details(store, account, mailbox, rows, ahead);
  if (details) {
    rows = rows.first(details->looked_for);
  }
  std::vector<StoredMessage> messages;
  messages.reserve(rows.size());
  for (store::MailRow& row : rows) {
    messages.emplace_back(store, account, mailbox, std::move(row));
  }
  if (details) {
    set_details(*details, ahead.details ? Part::all : Part::trace, messages);
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

engine::Task<std::vector<StoredMessage>> read_ahead(store::MailboxStore& store,
                                                    store::MailAccountId account,
                                                    store::MailboxId mailbox,
                                                    std::vector<store::MailRow> rows,
                                                    ReadAhead ahead) {
  co_return co_await read_ahead(store, account, mailbox, std::span(rows), ahead);
}

}  // namespace postrider::imap
