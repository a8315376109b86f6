#include "mailbox_handle.hpp"
#include "point_read.hpp"

// What is read where it is asked for: nothing here changes anything, so that no home core is
// needed.
namespace postrider::store {

engine::Task<MailResult<MailDetail>> MailboxHandle::detail(MailAccountId account, MailboxId mailbox,
                                                           Uid uid) {
  const std::string key = mail_key({account, mailbox, uid});
  const auto record = co_await read_value(reactor(), kv_, Family::mail_detail, key);
  if (!record) {
    co_return failure(mail_error(record.error()));
  }
  auto detail = decode_detail(key, *record);
  if (!detail) {
    co_return failure(MailError::corrupt);
  }
  co_return *std::move(detail);
}

engine::Task<MailResult<SharedOctets>> MailboxHandle::read_body(BlobId blob, std::uint64_t offset) {
  static_assert(frame_octets == blob_frame_octets);
  const std::uint64_t number = offset / frame_octets;
  if (number > UINT32_MAX) {
    co_return SharedOctets{};
  }
  const std::string key = blob_key(blob, static_cast<std::uint32_t>(number));
  const auto record = co_await read_value(reactor(), kv_, Family::blob, key);
  if (!record) {
    // Past the last frame, unless there is none at all.
    const auto first =
        number > 0 ? co_await read_value(reactor(), kv_, Family::blob, blob_key(blob, 0)) : record;
    if (record.error() == StoreError::not_found && number > 0 && first) {
      co_return SharedOctets{};
    }
    co_return failure(mail_error(record.error()));
  }
  auto frame = decode_frame(key, *record);
  if (!frame) {
    co_return failure(MailError::corrupt);
  }
  const std::uint64_t skipped = offset % frame_octets;
  if (skipped >= frame->octets.size()) {
    co_return SharedOctets{};
  }
  frame->octets.erase(0, skipped);
  co_return SharedOctets(std::move(frame->octets));
}

engine::Task<MailResult<std::string>> MailboxHandle::find_entry(MailAccountId account,
                                                                EntryName name) {
  const std::string key = entry_key(account, name);
  const auto record = co_await read_value(reactor(), kv_, Family::mail_entry, key);
  if (!record) {
    co_return failure(mail_error(record.error()));
  }
  auto entry = decode_entry(key, *record);
  if (!entry) {
    co_return failure(MailError::corrupt);
  }
  co_return std::move(entry->value);
}

engine::Task<MailResult<std::vector<MailEntry>>> MailboxHandle::entries(
    MailAccountId account, EntryKind kind, MailboxId mailbox, std::optional<MailAccountId> holder,
    std::size_t limit) {
  std::vector<MailEntry> found;
  MailResult<void> result;
  co_await off_core(reactor(), [&, this] {
    const std::string prefix = entry_prefix(account, kind, mailbox, holder);
    const auto cursor = kv_.walk(Family::mail_entry, prefix, past(prefix));
    for (; cursor->is_valid() && found.size() < limit; cursor->next()) {
      auto entry = decode_entry(cursor->key(), cursor->value());
      if (!entry) {
        result = failure(MailError::corrupt);
        return;
      }
      found.push_back(*std::move(entry));
    }
    if (const auto error = cursor->error()) {
      result = failure(mail_error(*error));
    }
  });
  if (!result) {
    co_return failure(result.error());
  }
  co_return found;
}

engine::Task<MailResult<std::vector<MailChange>>> MailboxHandle::changes(MailAccountId account,
                                                                         MailboxId mailbox,
                                                                         ModSeq since,
                                                                         std::size_t limit) {
  std::vector<MailChange> found;
  MailResult<void> result;
  co_await off_core(reactor(), [&, this] {
    const std::string prefix = mailbox_key(account, mailbox);
    const auto cursor =
        kv_.walk(Family::mail_change, change_key({account, mailbox, 0}, since + 1), past(prefix));
    for (; cursor->is_valid() && found.size() < limit; cursor->next()) {
      const auto key = parse_change_key(cursor->key());
      const auto event = decode_event(cursor->key(), cursor->value());
      if (!key || !event) {
        result = failure(MailError::corrupt);
        return;
      }
      found.push_back({key->modseq, key->uid, *event});
    }
    if (const auto error = cursor->error()) {
      result = failure(mail_error(*error));
    }
  });
  if (!result) {
    co_return failure(result.error());
  }
  co_return found;
}

engine::Task<MailResult<std::vector<ExpungedMail>>> MailboxHandle::expunged(MailAccountId account,
                                                                            std::size_t limit) {
  std::vector<ExpungedMail> found;
  MailResult<void> result;
  co_await off_core(reactor(), [&, this] {
    const std::string prefix = account_key(account);
    const auto cursor = kv_.walk(Family::mail_trash, prefix, past(prefix));
    for (; cursor->is_valid() && found.size() < limit; cursor->next()) {
      const auto key = parse_trash_key(cursor->key());
      if (!key) {
        result = failure(MailError::corrupt);
        return;
      }
      const std::string mail = mail_key(key->mail);
      const auto record = kv_.get(Family::mail, mail, Read::any);
      const auto facts = record ? decode_facts(mail, *record) : failure(RecordError::truncated);
      if (facts) {  // else it went with its mailbox
        found.push_back({key->mail.mailbox, key->mail.uid, key->expunged, *facts});
      }
    }
    if (const auto error = cursor->error()) {
      result = failure(mail_error(*error));
    }
  });
  if (!result) {
    co_return failure(result.error());
  }
  co_return found;
}

}  // namespace postrider::store
