#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/store/mailbox_records.hpp>
#include <postrider/store/mailbox_store.hpp>

namespace postrider::store {

// One thing that is not as it should be.
struct MailFinding {
  std::string mailbox;  // its name; empty: the account's, or it has none that could be read
  Uid uid = 0;          // 0: not of one message
  std::string what;
  std::string remedy;  // what repair does
  friend bool operator==(const MailFinding&, const MailFinding&) = default;
};

// "ada@example.org INBOX, message 7: what: remedy"
[[nodiscard]] std::string describe(std::string_view account, const MailFinding& finding);

struct AccountReport {
  std::string account;
  std::uint64_t mailboxes = 0;
  MailUsage counted;                  // what is there, without what was expunged
  std::vector<MailFinding> findings;  // at most findings_max
  std::uint64_t left_out = 0;         // findings beyond those
  static constexpr std::size_t findings_max = 10'000;
  [[nodiscard]] bool is_sound() const { return findings.empty(); }
};

// What became of what repair had set aside.
struct PutBackReport {
  std::string account;
  std::vector<InsertedMail> back;
  struct Entry {
    EntryName name;
    std::string mailbox;  // its name; empty: it has none
    bool is_back = true;  // else it is forgotten: it was set anew since, or its mailbox is gone
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  std::vector<Entry> entries;     // rights, annotations and shares
  std::vector<MailFinding> left;  // still set aside, and why; at most AccountReport::findings_max
  std::uint64_t left_out = 0;     // of those beyond
  void leave(MailFinding finding);
};

struct BackupMade {
  std::uint64_t files = 0;
  std::uint64_t size_bytes = 0;
};

// Care for what is kept, while it is in use. Calls are made on the core of the handle.
class Upkeep {
 public:
  virtual ~Upkeep() = default;

  // Those after `after`, in order of number; fewer than `limit`: these are all.
  virtual engine::Task<MailResult<std::vector<MailAccountId>>> accounts(MailAccountId after,
                                                                        std::size_t limit) = 0;
  // As MailboxStore::find_account(), but also if the record that leads to it is damaged or gone.
  // Cost: then, a look at every account.
  virtual engine::Task<MailResult<MailAccountId>> find_account(std::string name) = 0;

  // Reads every record of the account and every octet of its messages, as they all are at one
  // moment. Changes meanwhile neither wait nor count.
  virtual engine::Task<MailResult<AccountReport>> verify(MailAccountId account) = 0;
  // Mends what verify() finds. Counters, indexes and references are made anew from the records of
  // the messages; a record that can't be read is moved to the quarantine as it was found, and its
  // message with it. Other changes of the account wait meanwhile. Out: what was found.
  virtual engine::Task<MailResult<AccountReport>> repair(MailAccountId account) = 0;

  // Looks again at each message of the account that repair has set aside. What can be read now
  // (its record, and each octet of its body: brought in anew, or set aside with it and sound) comes
  // back into its mailbox, or into "Recovered" if that is gone, under a new UID, each in one batch
  // with the counters and the end of what was set aside. What still can't be read stays. So do
  // entries (EntryName) come back, unless they were set anew since, or went with their mailbox.
  virtual engine::Task<MailResult<PutBackReport>> put_back(MailAccountId account) = 0;

  // Makes `directory` (an absolute path that nothing has yet) with a copy of the whole store in it,
  // as a data_dir that a server can be started on: all that was durable before the call. Errors:
  // "what is wrong: what to do"; nothing is left behind then.
  virtual engine::Task<Result<BackupMade, std::string>> back_up(std::string directory) = 0;
};

}  // namespace postrider::store
