#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include <postrider/base/time.hpp>
#include <postrider/store/uid_set.hpp>

// What the store keeps of mailboxes and the messages in them, as values. Their grammar on disk:
// docs/storage_format.md.
namespace postrider::store {

// An account's number: given once, never used again, kept when the account is renamed.
enum class MailAccountId : std::uint64_t { none = 0 };
// Of an account; never used again. 1 is its INBOX.
enum class MailboxId : std::uint32_t { none = 0, inbox = 1 };
// RFC 7162 3.1: one counter an account, so that every change of it has a number of its own.
using ModSeq = std::uint64_t;

// RFC 9051 2.3.2.
struct SystemFlag {
  static constexpr std::uint8_t seen = 1, answered = 2, flagged = 4, deleted = 8, draft = 16;
  static constexpr std::uint8_t all = 31;
};
struct MailFlags {
  std::uint8_t system = 0;            // SystemFlag
  std::vector<std::string> keywords;  // as first written; sorted and unique without regard to case
  friend bool operator==(const MailFlags&, const MailFlags&) = default;
};

// RFC 6154, RFC 8457.
enum class SpecialUse : std::uint8_t {
  none,
  all,
  archive,
  drafts,
  flagged,
  junk,
  sent,
  trash,
  important,
};

// What an account begins with, beside its INBOX.
struct FirstMailbox {
  std::string name;  // those above it come with it
  SpecialUse use = SpecialUse::none;
  friend bool operator==(const FirstMailbox&, const FirstMailbox&) = default;
};

struct MailboxCounts {
  std::uint32_t messages = 0;
  std::uint32_t unseen = 0;
  std::uint32_t deleted = 0;     // with \Deleted
  std::uint64_t size_bytes = 0;  // of the messages, as clients see them
  friend bool operator==(const MailboxCounts&, const MailboxCounts&) = default;
};

struct Mailbox {
  MailboxId id = MailboxId::none;
  std::string name;  // UTF-8, NFC; '/' between levels; "INBOX" for the inbox
  std::uint32_t uid_validity = 0;
  Uid uid_next = 1;
  // RFC 3501 2.3.2: from this UID on, nobody has been told of a message who may change them.
  Uid recent_from = 1;
  ModSeq highest_modseq = 1;
  // What was expunged with a smaller MODSEQ can't be told apart any more (RFC 7162 5.2).
  ModSeq vanished_floor = 0;
  MailboxCounts counts;
  SpecialUse special_use = SpecialUse::none;
  WallTime created{};
  WallTime removed{};  // it is no longer listed, and goes when it is purged; the epoch: it was not
  std::vector<std::string> keywords;  // seen in it so far, as first written: RFC 9051 7.3.5
  // Who may do what with it, as its service writes it; empty: nobody but its owner. It stands in an
  // entry of its own (EntryKind::access), not in the mailbox's record.
  std::string access;
  [[nodiscard]] bool is_removed() const { return removed != WallTime{}; }
  friend bool operator==(const Mailbox&, const Mailbox&) = default;
};

// What an account's mail uses, against its quota.
struct MailUsage {
  std::uint64_t size_bytes = 0;
  std::uint64_t messages = 0;
  friend bool operator==(const MailUsage&, const MailUsage&) = default;
};

// A keyed hash of a body's octets: bodies that are alike have the same.
using BlobHash = std::array<char, 16>;

// A body's name, opaque to all but the store. Names ascend as bodies come, so that those of one
// mailbox stand in the order in which they are read.
struct BlobId {
  std::uint64_t arrival = 0;  // nanoseconds since 1970; 0: an older version named it by hash alone
  BlobHash hash{};
  friend auto operator<=>(const BlobId&, const BlobId&) = default;
};

// The part of a message that changes, or that every listing needs.
struct MailFacts {
  MailFlags flags;
  ModSeq modseq = 0;
  WallTime internal_date{};  // RFC 9051 2.3.3
  WallTime saved{};          // when it came into this mailbox (RFC 8514)
  std::uint64_t email = 0;   // the same for all copies of it in the account (RFC 8474)
  std::uint64_t thread = 0;
  std::uint32_t trace_bytes = 0;  // of the octets in front of the body that this copy alone has
  std::int16_t zone_minutes = 0;  // east of UTC: the zone in which APPEND gave the internal date
  std::uint64_t body_bytes = 0;
  BlobId blob{};
  [[nodiscard]] std::uint64_t size_bytes() const { return trace_bytes + body_bytes; }
  friend bool operator==(const MailFacts&, const MailFacts&) = default;
};

// The part that is written once and read when somebody looks at it.
struct MailDetail {
  std::string trace;     // octets in front of the body: Return-Path, Delivered-To, Received
  std::string rendered;  // what flow made of it (envelope, structure, listed fields); not read here
  friend bool operator==(const MailDetail&, const MailDetail&) = default;
};

// Named values that belong to a mailbox, or (mailbox `none`) to an account, or (account `none`,
// too) to nobody. What they mean is the business of who keeps them.
enum class EntryKind : std::uint8_t {
  access = 1,      // of a mailbox: one, without a name or a holder
  annotation = 2,  // RFC 5464
  share = 3,       // of who may look into a mailbox of the holder's: see MailboxStore::set_entries
};
struct EntryName {
  EntryKind kind{};
  MailboxId mailbox = MailboxId::none;
  // Whose it is: each holder has names of his own; none: everybody's.
  MailAccountId holder = MailAccountId::none;
  std::string name;
  friend bool operator==(const EntryName&, const EntryName&) = default;
};
struct MailEntry {
  EntryName name;
  std::string value;
  friend bool operator==(const MailEntry&, const MailEntry&) = default;
};

// What happened to one message.
enum class MailEvent : std::uint8_t { changed, expunged };

}  // namespace postrider::store
