#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/base/shared_octets.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/store/mailbox_records.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::store {

enum class MailError : std::uint8_t {
  not_found,   // no such account, mailbox or message: it may have gone a moment ago
  exists,      // a mailbox of that name
  over_quota,  // of bytes, messages or mailboxes: nothing was changed
  invalid,     // a name or a value that can't be kept: too long, empty, not UTF-8
  full,        // the disk: refuse, try later
  io,          // a write failed: nothing more is accepted until a restart
  corrupt,     // a record can't be read
  closed,      // the store is shutting down
};
[[nodiscard]] std::string_view describe(MailError error);
template <class T>
using MailResult = Result<T, MailError>;

// Each with its reason in RFC 9051 or in what clients do.
inline constexpr std::size_t mailbox_name_octets_max = 1000;
inline constexpr std::size_t mailboxes_max = 10'000;      // of one account
inline constexpr std::size_t mailbox_keywords_max = 500;  // of one mailbox; more are refused
inline constexpr std::size_t message_keywords_max = 64;   // of one message
inline constexpr std::size_t keyword_octets_max = 100;
inline constexpr std::size_t subscriptions_max = 10'000;
// RFC 5464 leaves them to the server. Clients keep colours, comments and orders of folders.
inline constexpr std::size_t entry_name_octets_max = 1000;
inline constexpr std::size_t entry_value_octets_max = 64 * 1024;
inline constexpr std::size_t entries_max = 100;    // of one kind and holder at one place
inline constexpr std::size_t shares_max = 10'000;  // the same, of shares: as many as mailboxes

// A body in the form in which it is kept, made by MailboxStore::prepare() and shared by all copies.
class MailBody;

struct NewMail {
  MailboxId mailbox = MailboxId::inbox;
  MailFlags flags;
  WallTime internal_date{};
  std::int16_t zone_minutes = 0;  // as in MailFacts
  MailDetail detail;
  std::shared_ptr<const MailBody> body;  // shared by the copies of one message
  std::uint64_t thread = 0;              // 0: one of its own
};

// 0: no limit.
struct MailQuota {
  std::uint64_t size_bytes = 0;
  std::uint64_t messages = 0;
  // Of all accounts of the account's domain together.
  std::uint64_t domain_size_bytes = 0;
  std::uint64_t domain_messages = 0;
};

// Of mail that is brought in from a backup or another server.
struct MailOrigin {
  // Octets are the same where body and trace are, or those of another cut of them into the two.
  struct Cut {
    std::string trace;
    BlobHash body{};
  };
  std::vector<Cut> other_cuts;
  // Nothing is inserted if the mailbox holds so many of the same octets; 0: it is not looked at.
  std::uint32_t copies = 0;
  // The UID it had, and its mailbox's UIDVALIDITY. It keeps the UID if the mailbox has (or, since
  // nothing was ever in it, takes over) that UIDVALIDITY and the UID is not below UIDNEXT. 0: none.
  std::uint32_t uid_validity = 0;
  Uid uid = 0;
};

// RFC 8508: goes in the batch in which the other one comes. Its octets don't count for the quota.
struct ReplacedMail {
  MailboxId mailbox{};
  Uid uid = 0;
};

struct MailInsert {
  std::vector<NewMail> mails;            // all of them or none
  std::optional<ReplacedMail> replaces;  // not_found if it is not there
  std::optional<MailOrigin> origin;      // of one mail
  MailQuota quota;
  // The end of a queue entry that this is the delivery of: same batch.
  std::optional<DeliveryId> delivered;
  // A report that this end causes: same batch.
  std::optional<NewMessage> report;
};

struct InsertedMail {
  MailboxId mailbox{};
  std::uint32_t uid_validity = 0;
  Uid uid = 0;
  std::uint64_t email = 0;
  bool was_there = false;  // MailOrigin::copies: nothing was inserted, this is the last of them
};

enum class FlagOperation : std::uint8_t { add, remove, replace };
struct FlagChange {
  FlagOperation operation = FlagOperation::add;
  MailFlags flags;
  std::optional<ModSeq> unchanged_since;  // RFC 7162 3.1.3
  // Left as they are by `replace` (RFC 4314 4): SystemFlag, keywords.
  std::uint8_t kept_system = 0;
  bool keeps_keywords = false;
};
struct FlagsChanged {
  ModSeq modseq = 0;  // of the change; 0: nothing was changed
  std::vector<std::pair<Uid, MailFlags>> changed;
  std::vector<Uid> modified;  // left alone: they had changed since
};

struct Copied {
  ModSeq modseq = 0;                      // of the change; 0: nothing was copied
  std::uint32_t uid_validity = 0;         // of the target
  std::vector<std::pair<Uid, Uid>> uids;  // from, to: in ascending order of both
  std::vector<Uid> skipped;               // had gone
};

struct MailRow {
  Uid uid = 0;
  MailFacts facts;
};

// What is wanted of many details.
struct DetailsWanted {
  std::vector<Uid> uids;  // ascending
  bool traces = true;
  // The part of `rendered` that is wanted, nullptr: none. It is called off the core, and sees
  // nothing but what it is given.
  using Cut = std::string_view (*)(std::string_view rendered);
  Cut cut = nullptr;
  // The row that reaches it is the last that is read.
  std::uint64_t octets_max = UINT64_MAX;
};

// Details of many messages, where they stand in what was read of them together.
struct MailDetails {
  enum class Part : std::uint8_t { all, trace };
  struct Row {
    Uid uid = 0;
    std::string_view trace;
    std::string_view rendered;  // what was cut out of it
  };
  SharedOctets octets;  // as long as somebody holds them, the views are valid
  std::vector<Row> rows;
  std::size_t looked_for = 0;  // so many of the UIDs, from the first on
};

// One entry of a mailbox's log.
struct MailChange {
  ModSeq modseq = 0;
  Uid uid = 0;
  MailEvent event{};
};

// One of several that are made together.
struct EntryChange {
  EntryName name;
  std::optional<std::string> value;  // nullopt: it goes
  // Nothing at all is changed (`exists`) unless it has this value; "": none, or an empty one.
  std::optional<std::string> expected;
};

// A mailbox that has been made or named anew.
struct MailboxNaming {
  Mailbox row;            // as it is now
  std::string old_name;   // empty: it was made
  bool is_along = false;  // renamed since one above it was
};

// What one commit changed in one mailbox: for who has it open. Shared by all who are told.
struct MailboxUpdate {
  MailAccountId account{};
  MailboxId mailbox{};
  ModSeq modseq = 0;
  MailboxCounts counts;  // after it
  Uid uid_next = 0;
  bool is_gone = false;  // the mailbox was removed
  std::optional<MailboxNaming> naming;
  // Of the account (`mailbox` is none): the name, and whether it is subscribed to now.
  std::optional<std::pair<std::string, bool>> subscription;
  std::vector<std::pair<Uid, MailFlags>> inserted;  // ascending
  std::vector<std::pair<Uid, MailFlags>> changed;
  std::vector<Uid> expunged;
  std::vector<EntryName> entries;     // set or removed; alone, they leave MODSEQ as it was
  std::optional<std::string> access;  // Mailbox::access, if that is among them
};

// Told on its own core, in order of MODSEQ, after each commit has become durable.
class MailboxListener {
 public:
  virtual ~MailboxListener() = default;
  virtual void on_update(const std::shared_ptr<const MailboxUpdate>& update) = 0;
};

// A mailbox as it stood at one MODSEQ.
struct MailboxView {
  Mailbox mailbox;
  UidSet messages;
  UidSet seen;  // of `messages`
};

// Ends the telling when it dies; then no more calls come.
class MailboxWatch {
 public:
  virtual ~MailboxWatch() = default;
};
struct OpenedMailbox {
  MailboxView view;
  std::unique_ptr<MailboxWatch> watch;  // every change after `view` is told
};

// An account as it stood at one moment.
struct AccountView {
  std::vector<Mailbox> mailboxes;  // in order of id
  std::vector<std::string> subscriptions;
};
struct WatchedAccount {
  AccountView view;
  std::unique_ptr<MailboxWatch> watch;  // every change of the account after `view` is told
};

struct ExpungedMail {
  MailboxId mailbox{};
  Uid uid = 0;
  WallTime expunged{};
  MailFacts facts;
};

// The mailboxes of all accounts.
//
// Each account has a home core, where its writes are put in order: UID, MODSEQ, counters and usage
// are in the batch of the message that they count. Every call is made on the core of the handle and
// comes back to it. Writes are durable when they return; all that one call does is atomic.
// Cost: of a change by what it changes, never by how much is there.
class MailboxStore {
 public:
  virtual ~MailboxStore() = default;

  // The account's number; it is made if it has none yet, in one batch with its INBOX and the
  // settings' first_mailboxes, and a subscription to each. `name`: the account's.
  virtual engine::Task<MailResult<MailAccountId>> open_account(std::string name) = 0;
  virtual engine::Task<MailResult<MailAccountId>> find_account(std::string name) = 0;
  virtual engine::Task<MailResult<MailUsage>> usage(MailAccountId account) = 0;
  // What all accounts of that domain use at this moment, as MailQuota counts it: whatever cores
  // they are at home on. Cost: none, but for a wait while they are counted after a start.
  virtual engine::Task<MailResult<MailUsage>> domain_usage(std::string domain) = 0;

  // In order of id.
  virtual engine::Task<MailResult<std::vector<Mailbox>>> list(MailAccountId account) = 0;
  virtual engine::Task<MailResult<Mailbox>> create(MailAccountId account, std::string name,
                                                   SpecialUse use) = 0;
  // Those of the settings' first_mailboxes that an account lacks: a use that another mailbox has
  // stays there, a mailbox of that name without a use gets it. Out: what was made or given a use.
  virtual engine::Task<MailResult<std::vector<Mailbox>>> complete(MailAccountId account) = 0;
  // With all that stand below it. The inbox can't be renamed: RFC 9051 6.3.6 moves its messages.
  virtual engine::Task<MailResult<void>> rename(MailAccountId account, MailboxId mailbox,
                                                std::string name) = 0;
  // Its messages can be undeleted until they are purged. Those below it stay.
  virtual engine::Task<MailResult<void>> remove(MailAccountId account, MailboxId mailbox) = 0;
  virtual engine::Task<MailResult<std::vector<std::string>>> subscriptions(
      MailAccountId account) = 0;
  // Also of names that no mailbox has (RFC 9051 6.3.8).
  virtual engine::Task<MailResult<void>> subscribe(MailAccountId account, std::string name,
                                                   bool yes) = 0;

  // All of them or none. Watchers of the mailboxes are told. Account `none` has entries, too.
  // over_quota: more than there may be; invalid: a name or a value that is too long.
  // A share stands with who may look: holder and name say whose mailbox and which. It is a hint:
  // what Mailbox::access says holds.
  virtual engine::Task<MailResult<void>> set_entries(MailAccountId account,
                                                     std::vector<EntryChange> changes) = 0;
  virtual engine::Task<MailResult<std::string>> find_entry(MailAccountId account,
                                                           EntryName name) = 0;
  // In order of holder and name; all holders' without one. Cost: what it returns.
  virtual engine::Task<MailResult<std::vector<MailEntry>>> entries(
      MailAccountId account, EntryKind kind, MailboxId mailbox, std::optional<MailAccountId> holder,
      std::size_t limit) = 0;

  // Hashes and compresses; off the core where it is large. A body of the same octets that is kept
  // already is used again, mostly: of two that are made at the same moment both may be kept.
  virtual engine::Task<std::shared_ptr<const MailBody>> prepare(SharedOctets octets) = 0;
  // The hashes that bodies from each of these offsets on would have.
  virtual engine::Task<std::vector<BlobHash>> hash_bodies(SharedOctets octets,
                                                          std::vector<std::size_t> offsets) = 0;

  virtual engine::Task<MailResult<std::vector<InsertedMail>>> insert(MailAccountId account,
                                                                     MailInsert insert) = 0;
  // UIDs that are not there are skipped.
  virtual engine::Task<MailResult<FlagsChanged>> change_flags(MailAccountId account,
                                                              MailboxId mailbox,
                                                              std::vector<Uid> uids,
                                                              FlagChange change) = 0;
  // Removes those of `uids` that have \Deleted, or all of them; tells which it removed, and the
  // MODSEQ.
  struct Expunged {
    ModSeq modseq = 0;
    std::vector<Uid> uids;
  };
  virtual engine::Task<MailResult<Expunged>> expunge(MailAccountId account, MailboxId mailbox,
                                                     std::vector<Uid> uids, bool deleted_only) = 0;
  // With `move`, they leave `from` in the same batch (RFC 6851).
  virtual engine::Task<MailResult<Copied>> copy(MailAccountId account, MailboxId from,
                                                std::vector<Uid> uids, MailboxId to, bool move,
                                                MailQuota quota) = 0;

  virtual engine::Task<MailResult<OpenedMailbox>> open(MailAccountId account, MailboxId mailbox,
                                                       MailboxListener* listener) = 0;
  // Tells of all mailboxes, and of what belongs to none: see MailboxUpdate.
  virtual engine::Task<MailResult<WatchedAccount>> watch(MailAccountId account,
                                                         MailboxListener* listener) = 0;

  // A client is about to be told of all messages below `end`. Out: from which UID on it is the
  // first. With `take`, nobody else will be. It is on the disk with the mailbox's next change:
  // after a crash one may be the first a second time, as RFC 3501 2.3.2 would have it.
  virtual engine::Task<MailResult<Uid>> claim_recent(MailAccountId account, MailboxId mailbox,
                                                     Uid end, bool take) = 0;

  // Those of `uids` that are kept (expunged ones too, until they are purged).
  virtual engine::Task<MailResult<std::vector<MailRow>>> facts(MailAccountId account,
                                                               MailboxId mailbox,
                                                               std::vector<Uid> uids) = 0;
  virtual engine::Task<MailResult<MailDetail>> detail(MailAccountId account, MailboxId mailbox,
                                                      Uid uid) = 0;
  // Of many at once, as facts(): one walk is cheaper than a read for each. Limit: the caller's; who
  // asks for all of a thousand holds a megabyte or two.
  virtual engine::Task<MailResult<MailDetails>> details(MailAccountId account, MailboxId mailbox,
                                                        DetailsWanted wanted) = 0;
  engine::Task<MailResult<MailDetails>> details(MailAccountId account, MailboxId mailbox,
                                                std::vector<Uid> uids, MailDetails::Part part) {
    constexpr DetailsWanted::Cut all = [](std::string_view rendered) { return rendered; };
    return details(
        account, mailbox,
        {.uids = std::move(uids), .cut = part == MailDetails::Part::all ? all : nullptr});
  }
  // Octets of the body (without the trace) from `offset`, at least one and at most what one frame
  // holds; empty past the end.
  static constexpr std::uint32_t frame_octets = 128 * 1024;
  virtual engine::Task<MailResult<SharedOctets>> read_body(BlobId blob, std::uint64_t offset) = 0;
  // The first frames of many bodies, in the order of `blobs`; without a value: it can't be read, as
  // read_body() will tell. Limit: the caller's, who knows how large they are; who holds one may
  // hold some of the others with it. Cost: least if their names ascend.
  virtual engine::Task<std::vector<SharedOctets>> read_bodies(std::vector<BlobId> blobs) = 0;
  // After `since`, in order of MODSEQ; fewer than `limit`: these are all.
  virtual engine::Task<MailResult<std::vector<MailChange>>> changes(MailAccountId account,
                                                                    MailboxId mailbox, ModSeq since,
                                                                    std::size_t limit) = 0;

  // What was expunged and can still be brought back, oldest first.
  virtual engine::Task<MailResult<std::vector<ExpungedMail>>> expunged(MailAccountId account,
                                                                       std::size_t limit) = 0;
  // Back into its mailbox, or into the inbox if that is gone, under a new UID. In: as expunged()
  // told it.
  virtual engine::Task<MailResult<InsertedMail>> undelete(MailAccountId account, MailboxId mailbox,
                                                          Uid uid, WallTime expunged) = 0;
  // Forgets for good what was expunged before; at most `limit`. Out: how many.
  virtual engine::Task<MailResult<std::size_t>> purge(MailAccountId account, WallTime before,
                                                      std::size_t limit) = 0;
};

}  // namespace postrider::store
