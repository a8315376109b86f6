// What a command reads of many messages, slice by slice: one job on the pool instead of one for
// each.
#include "cursor_advance.hpp"
#include "mailbox_handle.hpp"
#include "point_read.hpp"

#include <utility>

namespace postrider::store {
namespace {

MailResult<std::vector<MailDetailRow>> walk_details(const Kv& kv, MailAccountId account,
                                                    MailboxId mailbox,
                                                    const std::vector<Uid>& uids) {
  std::vector<MailDetailRow> rows;
  rows.reserve(uids.size());
  const auto cursor = kv.walk(Family::mail_detail, mail_key({account, mailbox, uids.front()}),
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
    auto detail = decode_detail(key, cursor->value());
    if (!detail) {
      return failure(MailError::corrupt);
    }
    rows.push_back({uid, *std::move(detail)});
  }
  if (const auto error = cursor->error()) {
    return failure(mail_error(*error));
  }
  return rows;
}

SharedOctets first_frame(const Kv& kv, const BlobId& blob) {
  const std::string key = blob_key(blob, 0);
  const auto record = kv.get(Family::blob, key, Read::any);
  auto frame = record ? decode_frame(key, *record) : failure(RecordError::truncated);
  return frame ? SharedOctets(std::move(frame->octets)) : SharedOctets();
}

}  // namespace

engine::Task<MailResult<std::vector<MailDetailRow>>> MailboxHandle::details(MailAccountId account,
                                                                            MailboxId mailbox,
                                                                            std::vector<Uid> uids) {
  MailResult<std::vector<MailDetailRow>> rows;
  if (!uids.empty()) {
    co_await off_core(reactor(), [&, this] { rows = walk_details(kv_, account, mailbox, uids); });
  }
  co_return rows;
}

engine::Task<std::vector<SharedOctets>> MailboxHandle::read_bodies(std::vector<BlobId> blobs) {
  std::vector<SharedOctets> frames(blobs.size());
  if (!blobs.empty()) {
    co_await off_core(reactor(), [&, this] {
      for (std::size_t i = 0; i < blobs.size(); ++i) {
        frames[i] = first_frame(kv_, blobs[i]);
      }
    });
  }
  co_return frames;
}

}  // namespace postrider::store
