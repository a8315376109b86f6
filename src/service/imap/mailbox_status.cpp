#include "mailbox_status.hpp"

#include "mailbox_names.hpp"

#include <algorithm>
#include <utility>

#include <postrider/codec/imap/response.hpp>

namespace postrider::imap {
namespace {

StatusValue value_of(const store::Mailbox& mailbox, StatusItem item, std::uint64_t append_limit) {
  switch (item) {
    case StatusItem::messages:
      return {item, mailbox.counts.messages, {}};
    case StatusItem::uid_next:
      return {item, mailbox.uid_next, {}};
    case StatusItem::uid_validity:
      return {item, mailbox.uid_validity, {}};
    case StatusItem::unseen:
      return {item, mailbox.counts.unseen, {}};
    case StatusItem::deleted:
      return {item, mailbox.counts.deleted, {}};
    case StatusItem::size:
      return {item, mailbox.counts.size_bytes, {}};
    case StatusItem::highest_modseq:
      return {item, std::max<store::ModSeq>(mailbox.highest_modseq, 1), {}};
    case StatusItem::append_limit:
      return {item, append_limit, {}};
    case StatusItem::mailbox_id:
      return {item, 0, object_id(mailbox.id)};
    case StatusItem::recent:  // counted by who asks
    case StatusItem::deleted_storage:
      break;
  }
  return {item, 0, {}};
}

// Nothing counts it: the messages are looked at, if there are any.
engine::Task<store::MailResult<std::uint64_t>> deleted_octets(Client& client,
                                                              const FoundMailbox& found) {
  const store::Mailbox& mailbox = found.row;
  const store::MailAccountId account = found.place.account;
  std::uint64_t octets = 0;
  if (mailbox.counts.deleted == 0) {
    co_return octets;
  }
  const auto opened = co_await client.store().open(account, mailbox.id, nullptr);
  if (!opened) {
    co_return failure(opened.error());
  }
  constexpr std::size_t slice = 1000;
  const store::UidSet& messages = opened->view.messages;
  std::vector<store::Uid> uids;
  for (auto uid = messages.first(); uid;) {
    uids.push_back(*uid);
    uid = messages.at_or_after(*uid + 1);
    if (uids.size() < slice && uid) {
      continue;
    }
    const auto rows = co_await client.store().facts(account, mailbox.id, std::exchange(uids, {}));
    if (!rows) {
      co_return failure(rows.error());
    }
    for (const store::MailRow& row : *rows) {
      const bool is_deleted = (row.facts.flags.system & store::SystemFlag::deleted) != 0;
      octets += is_deleted ? row.facts.size_bytes() : 0;
    }
  }
  co_return octets;
}

// RFC 3501 6.3.10: those that nobody has been told of, who may change them.
engine::Task<store::MailResult<std::uint64_t>> recent_messages(Client& client,
                                                               const FoundMailbox& found) {
  if (found.row.recent_from >= found.row.uid_next) {
    co_return 0;
  }
  const auto opened = co_await client.store().open(found.place.account, found.row.id, nullptr);
  if (!opened) {
    co_return failure(opened.error());
  }
  const store::UidSet& messages = opened->view.messages;
  co_return messages.size() - messages.count_below(opened->view.mailbox.recent_from);
}

}  // namespace

engine::Task<store::MailResult<void>> write_status(Client& client, const FoundMailbox& mailbox,
                                                   std::vector<StatusItem> items) {
  std::vector<StatusValue> values;
  for (const StatusItem item : items) {
    values.push_back(value_of(mailbox.row, item, client.shared.settings.rules.message_octets_max));
    if (item == StatusItem::deleted_storage) {
      const auto octets = co_await deleted_octets(client, mailbox);
      if (!octets) {
        co_return failure(octets.error());
      }
      values.back().number = *octets;
    } else if (item == StatusItem::recent) {
      const auto recent = co_await recent_messages(client, mailbox);
      if (!recent) {
        co_return failure(recent.error());
      }
      values.back().number = *recent;
    }
  }
  encode_status_response(mailbox.row.name, client.name_form(), values, client.out());
  co_return store::MailResult<void>{};
}

}  // namespace postrider::imap
