#pragma once

#include "record_codec.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <postrider/store/mailbox_records.hpp>

// The grammar of the mailboxes' keys and values, in code; docs/storage_format.md says it in words.
namespace postrider::store {

// ---- keys: big-endian
//
//   mb.name     account's name in lower case       mb.account  account:8
//   mb.box      account:8 mailbox:4                mb.page     account:8 mailbox:4 page:4
//   mb.msg      account:8 mailbox:4 uid:4          mb.detail   account:8 mailbox:4 uid:4
//   mb.change   account:8 mailbox:4 modseq:8 uid:4
//   mb.trash    account:8 expunged:8 mailbox:4 uid:4
//   mb.blob     blob frame:4                       mb.ref      blob account:8 mailbox:4 uid:4
//   mb.same     hash:16
//   mb.entry    account:8 kind:1 mailbox:4 holder:8 name
//
// blob = arrival:8 hash:16, or hash:16 alone where an older version gave the name.

struct MailKey {
  MailAccountId account{};
  MailboxId mailbox{};
  Uid uid = 0;
  friend bool operator==(const MailKey&, const MailKey&) = default;
};

[[nodiscard]] std::string account_key(MailAccountId account);
[[nodiscard]] std::string mailbox_key(MailAccountId account, MailboxId mailbox);
[[nodiscard]] std::string page_key(MailAccountId account, MailboxId mailbox, std::uint32_t page);
[[nodiscard]] std::string mail_key(const MailKey& mail);
[[nodiscard]] std::string change_key(const MailKey& mail, ModSeq modseq);
[[nodiscard]] std::string trash_key(const MailKey& mail, WallTime expunged);
[[nodiscard]] std::string blob_name(const BlobId& blob);  // what its keys begin with
[[nodiscard]] std::string blob_key(const BlobId& blob, std::uint32_t frame);
[[nodiscard]] std::string ref_key(const BlobId& blob, const MailKey& mail);
[[nodiscard]] std::string same_key(const BlobHash& hash);
[[nodiscard]] std::string entry_key(MailAccountId account, const EntryName& entry);
// What all entries of a kind, of a mailbox, and of a holder begin with.
[[nodiscard]] std::string entry_prefix(MailAccountId account, EntryKind kind);
[[nodiscard]] std::string entry_prefix(MailAccountId account, EntryKind kind, MailboxId mailbox,
                                       std::optional<MailAccountId> holder = {});
[[nodiscard]] std::optional<BlobId> parse_blob_name(std::string_view name);
// The name of a body, in the key of one of its frames.
[[nodiscard]] std::string_view blob_in_frame_key(std::string_view key);
struct RefKey {
  std::string_view blob;  // its name
  std::string_view mail;  // a key of mb.msg
};
[[nodiscard]] RefKey split_ref_key(std::string_view key);
// The end of a walk over all keys that begin with this one.
[[nodiscard]] std::string past(std::string key);

[[nodiscard]] std::optional<MailKey> parse_mail_key(std::string_view key);
// Of mb.box and mb.page: the number behind the mailbox is left out.
[[nodiscard]] std::optional<MailboxId> parse_mailbox_key(std::string_view key);
[[nodiscard]] std::optional<std::uint32_t> parse_page_key(std::string_view key);
struct ChangeKey {
  ModSeq modseq = 0;
  Uid uid = 0;
};
[[nodiscard]] std::optional<ChangeKey> parse_change_key(std::string_view key);
struct TrashKey {
  MailKey mail;
  WallTime expunged{};
};
[[nodiscard]] std::optional<TrashKey> parse_trash_key(std::string_view key);
[[nodiscard]] std::optional<EntryName> parse_entry_key(std::string_view key);

// ---- values, sealed as all records are

struct MailAccount {
  std::string name;
  MailUsage usage;
  ModSeq modseq = 1;  // the last that was given
  std::uint32_t next_mailbox = 1;
  std::uint32_t last_uid_validity = 0;
  std::uint64_t next_email = 1;
  std::vector<std::string> subscriptions;
  WallTime created{};
  friend bool operator==(const MailAccount&, const MailAccount&) = default;
};
[[nodiscard]] std::string encode_mail_account(std::string_view key, const MailAccount& account);
[[nodiscard]] RecordResult<MailAccount> decode_mail_account(std::string_view key,
                                                            std::string_view value);
// mb.name
[[nodiscard]] std::string encode_account_id(std::string_view key, MailAccountId account);
[[nodiscard]] RecordResult<MailAccountId> decode_account_id(std::string_view key,
                                                            std::string_view value);

[[nodiscard]] std::string encode_mailbox(std::string_view key, const Mailbox& mailbox);
[[nodiscard]] RecordResult<Mailbox> decode_mailbox(std::string_view key, std::string_view value);

struct MailPage {
  UidSet::Page messages;
  UidSet::Page seen;
};
[[nodiscard]] std::string encode_page(std::string_view key, const MailPage& page);
[[nodiscard]] RecordResult<MailPage> decode_page(std::string_view key, std::string_view value);

[[nodiscard]] std::string encode_facts(std::string_view key, const MailFacts& facts);
[[nodiscard]] RecordResult<MailFacts> decode_facts(std::string_view key, std::string_view value);
[[nodiscard]] std::string encode_detail(std::string_view key, const MailDetail& detail);
[[nodiscard]] RecordResult<MailDetail> decode_detail(std::string_view key, std::string_view value);
// The same where it stands in the record.
struct MailDetailView {
  std::string_view trace;
  std::string_view rendered;
};
[[nodiscard]] RecordResult<MailDetailView> read_detail(std::string_view key,
                                                       std::string_view value);

[[nodiscard]] std::string encode_event(std::string_view key, MailEvent event);
[[nodiscard]] RecordResult<MailEvent> decode_event(std::string_view key, std::string_view value);
// mb.trash: the MODSEQ of the expunge, by which its entry in mb.change is found.
[[nodiscard]] std::string encode_modseq(std::string_view key, ModSeq modseq);
[[nodiscard]] RecordResult<ModSeq> decode_modseq(std::string_view key, std::string_view value);

// mb.same: the arrivals of all bodies with that hash, one at least; 0 is that of an older name.
using Arrivals = std::vector<std::uint64_t>;
[[nodiscard]] std::string encode_arrivals(std::string_view key, const Arrivals& arrivals);
[[nodiscard]] RecordResult<Arrivals> decode_arrivals(std::string_view key, std::string_view value);

// mb.entry
[[nodiscard]] std::string encode_entry(std::string_view key, std::string_view value);
[[nodiscard]] RecordResult<MailEntry> decode_entry(std::string_view key, std::string_view value);

struct BlobFrame {
  std::uint64_t body_bytes = 0;  // of the whole body
  std::string octets;            // of this frame, as they came in
};
inline constexpr std::uint32_t blob_frame_octets = 128 * 1024;
// Compresses where that pays. In: at most blob_frame_octets.
[[nodiscard]] std::string encode_frame(std::string_view key, std::uint64_t body_bytes,
                                       std::string_view octets);
[[nodiscard]] RecordResult<BlobFrame> decode_frame(std::string_view key, std::string_view value);
// The same, behind what is in `out`, which stays as it is on an error. Out: the body's octets.
[[nodiscard]] RecordResult<std::uint64_t> append_frame(std::string_view key, std::string_view value,
                                                       std::string& out);

}  // namespace postrider::store
