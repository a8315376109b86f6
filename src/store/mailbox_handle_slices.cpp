// What a command reads of many messages, slice by slice: one job on the pool instead of one for
// each.
#include "cursor_advance.hpp"
#include "mailbox_handle.hpp"
#include "point_read.hpp"

#include <algorithm>
#include <utility>

namespace postrider::store {
namespace {

// The records of those of `uids` (ascending) that there are.
template <class Row, class Decode>
MailResult<std::vector<Row>> walk_mails(const Kv& kv, Family family, MailAccountId account,
                                        MailboxId mailbox, const std::vector<Uid>& uids,
                                        Decode decode) {
  std::vector<Row> rows;
  rows.reserve(uids.size());
  const auto cursor = kv.walk(family, mail_key({account, mailbox, uids.front()}),
                              past(mailbox_key(account, mailbox)));
  for (const Uid uid : uids) {
    const std::string key = mail_key({account, mailbox, uid});
    advance(*cursor, key);
    if (!cursor->is_valid()) {
      break;
    }
    if (cursor->key() != key) {
      continue;
    }
    auto record = decode(key, cursor->value());
    if (!record) {
      return failure(MailError::corrupt);
    }
    rows.push_back({uid, *std::move(record)});
  }
  if (const auto error = cursor->error()) {
    return failure(mail_error(*error));
  }
  return rows;
}

Result<std::vector<MailRow>, KvError> read_facts(const Kv& kv, MailAccountId account,
                                                 MailboxId mailbox, const std::vector<Uid>& uids,
                                                 Read how) {
  std::vector<MailRow> rows;
  rows.reserve(uids.size());
  for (const Uid uid : uids) {
    const std::string key = mail_key({account, mailbox, uid});
    const auto record = kv.get(Family::mail, key, how);
    if (!record && record.error() == KvError::not_found) {
      continue;
    }
    if (!record) {
      return failure(record.error());
    }
    auto facts = decode_facts(key, *record);
    if (!facts) {
      return failure(KvError::corrupt);
    }
    rows.push_back({uid, *std::move(facts)});
  }
  return rows;
}

std::vector<SharedOctets> first_frames(const Kv& kv, const std::vector<BlobId>& blobs) {
  std::vector<SharedOctets> frames(blobs.size());
  std::vector<std::string> keys;
  keys.reserve(blobs.size());
  for (const BlobId& blob : blobs) {
    keys.push_back(blob_key(blob, 0));
  }
  kv.get_many(Family::blob, keys, [&](std::size_t i, const auto& record) {
    if (record) {
      if (auto frame = decode_frame(keys[i], *record)) {
        frames[i] = SharedOctets(std::move(frame->octets));
      }
    }
  });
  return frames;
}

}  // namespace

engine::Task<MailResult<std::vector<MailRow>>> MailboxHandle::facts(MailAccountId account,
                                                                    MailboxId mailbox,
                                                                    std::vector<Uid> uids) {
  // Of few, what is in memory is read here. Of many, a walk costs a fifth of as many reads.
  constexpr std::size_t few = 8;
  const bool is_walk = uids.size() > few && std::ranges::is_sorted(uids);
  if (is_walk) {
    MailResult<std::vector<MailRow>> rows;
    co_await off_core(reactor(), [&, this] {
      rows = walk_mails<MailRow>(kv_, Family::mail, account, mailbox, uids, decode_facts);
    });
    co_return rows;
  }
  Result<std::vector<MailRow>, KvError> rows = failure(KvError::would_block);
  if (uids.size() <= few) {
    rows = read_facts(kv_, account, mailbox, uids, Read::cached);
  }
  if (!rows && rows.error() == KvError::would_block) {
    co_await off_core(reactor(),
                      [&, this] { rows = read_facts(kv_, account, mailbox, uids, Read::any); });
  }
  if (!rows) {
    co_return failure(mail_error(rows.error()));
  }
  co_return *std::move(rows);
}

engine::Task<MailResult<std::vector<MailDetailRow>>> MailboxHandle::details(MailAccountId account,
                                                                            MailboxId mailbox,
                                                                            std::vector<Uid> uids) {
  MailResult<std::vector<MailDetailRow>> rows;
  if (!uids.empty()) {
    co_await off_core(reactor(), [&, this] {
      rows = walk_mails<MailDetailRow>(kv_, Family::mail_detail, account, mailbox, uids,
                                       decode_detail);
    });
  }
  co_return rows;
}

engine::Task<std::vector<SharedOctets>> MailboxHandle::read_bodies(std::vector<BlobId> blobs) {
  std::vector<SharedOctets> frames;
  if (!blobs.empty()) {
    co_await off_core(reactor(), [&, this] { frames = first_frames(kv_, blobs); });
  }
  co_return frames;
}

}  // namespace postrider::store
