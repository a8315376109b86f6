#pragma once

#include "account_mail.hpp"
#include "kv.hpp"
#include "mail_codec.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <postrider/store/upkeep.hpp>

namespace postrider::store {

// A record that can't be read, as it stands.
struct BadRecord {
  Family family = Family::mail;
  std::string key;
  std::string reason;
};

// A message that can't be given to anybody any more.
struct BadMail {
  Uid uid = 0;
  std::vector<BadRecord> records;  // the body's too, of which others may be made as well
  std::optional<MailFacts> facts;  // its record is sound, something else is not
};

// What the records of a mailbox's messages say it should be, and what differs from that.
struct CheckedMailbox {
  MailboxId id{};
  std::optional<Mailbox> row;  // nullopt: it is not there or can't be read
  bool is_row_bad = false;     // it is there
  MailboxCounts counts;        // of the messages that stay as they are
  MailboxCounts all;           // with those that come back under a new UID
  Uid largest_uid = 0;
  ModSeq largest_modseq = 0;
  std::map<std::uint32_t, MailPage> pages;   // of the messages that stay as they are
  std::map<std::uint32_t, MailPage> stored;  // what the index says
  std::set<std::string> keywords;

  std::vector<std::string> bad_pages;  // keys
  std::vector<BadMail> bad;
  std::vector<Uid> lost;        // sound, but in no index
  std::vector<Uid> traceless;   // what stood before the body is lost
  std::vector<Uid> undetailed;  // the same, where nothing stood there; or it was expunged
  std::vector<Uid> missing;     // in the index, without a record
  std::vector<std::pair<Uid, ModSeq>> unlogged;
  std::vector<std::string> stale_changes;  // keys
  std::vector<std::pair<Uid, BlobId>> unreferenced;
  std::vector<BlobId> unnamed;  // bodies that are not found by their octets
  bool is_changed = false;      // anything above, or its counters

  [[nodiscard]] bool is_removed() const { return row && row->is_removed(); }
  [[nodiscard]] std::string name() const { return row ? row->name : std::string(); }
};

// Reads all that there is of one account and compares it. What the messages' records say counts;
// all else is made from them. Shard: any thread, one at a time. In: a reader whose records stay as
// they are meanwhile. Limits: memory, about 100 bytes a message.
class AccountCheck {
 public:
  AccountCheck(const KvReader& kv, MailAccountId account) : kv_(kv), account_(account) {}

  // A part of the work: a mailbox's records, or so many bodies. False: there is no more.
  [[nodiscard]] bool step();
  // not_found: nothing is there of this account; or the medium does not answer.
  [[nodiscard]] const MailResult<void>& result() const { return result_; }
  [[nodiscard]] AccountReport report() const;

  // For repair, when all is done.
  [[nodiscard]] const std::optional<MailAccount>& record() const { return record_; }
  [[nodiscard]] std::map<MailboxId, CheckedMailbox>& mailboxes() { return boxes_; }
  struct Trashed {
    MailboxId mailbox{};
    Uid uid = 0;
    WallTime expunged{};
  };
  [[nodiscard]] const Trashed* find_trash(MailboxId mailbox, Uid uid) const;
  [[nodiscard]] const std::vector<std::string>& bad_trash() const { return bad_trash_; }
  [[nodiscard]] const std::vector<std::string>& bad_entries() const { return bad_entries_; }
  [[nodiscard]] std::uint64_t largest_email() const { return largest_email_; }
  // Empty: no record has it.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool is_name_lost() const { return is_name_lost_; }

 private:
  struct Body {
    BlobId blob{};
    std::uint64_t bytes = 0;
    MailboxId mailbox{};
    Uid uid = 0;
  };
  enum class Stage : std::uint8_t { begin, mailboxes, bodies, account, done };

  void read_account();
  void read_rows();
  void read_trash();
  void read_entries();
  void find_rowless();
  void find_name();
  void check_name();
  void check_mailbox(CheckedMailbox& box);
  void read_pages(CheckedMailbox& box);
  struct Live {
    Uid uid = 0;
    ModSeq modseq = 0;
    bool stays = true;
    bool is_logged = false;
  };
  void check_mail(CheckedMailbox& box, std::string_view key, std::string_view value,
                  std::vector<Live>& live);
  void check_parts(CheckedMailbox& box, Uid uid, const MailFacts& facts, bool is_expunged,
                   std::vector<Live>& live);
  void check_changes(CheckedMailbox& box, std::vector<Live>& live);
  void check_index(CheckedMailbox& box, const UidSet& present);
  void check_row(CheckedMailbox& box);
  void check_bodies();
  void check_name_of(const Body& body);
  void spoil(const Body& body, const std::vector<BadRecord>& frames);
  void check_account();
  void add(const CheckedMailbox* box, Uid uid, std::string what, std::string remedy);
  void fail(KvError error);

  const KvReader& kv_;
  MailAccountId account_;
  Stage stage_ = Stage::begin;
  MailResult<void> result_;
  std::optional<MailAccount> record_;
  std::map<MailboxId, CheckedMailbox> boxes_;
  std::optional<MailboxId> last_;  // the mailbox that was checked last
  std::vector<Trashed> trash_;     // by mailbox and UID
  std::vector<std::string> bad_trash_;
  std::vector<std::string> bad_entries_;
  std::vector<Body> bodies_;
  std::size_t next_body_ = 0;
  std::uint64_t largest_email_ = 0;
  std::string name_;
  bool is_name_lost_ = false;
  AccountReport report_;
};

}  // namespace postrider::store
