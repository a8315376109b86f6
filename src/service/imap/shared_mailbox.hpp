#pragma once

#include "facts_table.hpp"
#include "summary_table.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <postrider/engine/sync.hpp>
#include <postrider/store/mailbox_store.hpp>

namespace postrider::imap {

// Hears that a mailbox has changed; it looks at what, when it may tell its client.
class ChangeListener {
 public:
  virtual void on_mailbox_changed() = 0;

 protected:
  ~ChangeListener() = default;
};

// A mailbox as it stands now: one for all connections of a core that have it open, kept up by the
// store's watch. What each has told its client is its own (selected_mailbox.hpp).
// Memory: the set of UIDs, once, and again while somebody still shows an older one; the last change
// of each message that somebody has not been told of; the facts that have been read, and what
// messages are sorted and threaded by, within a budget each.
class SharedMailbox final : public store::MailboxListener {
 public:
  // Shared with who shows it to a client; never changes again.
  using Uids = std::shared_ptr<const store::UidSet>;

  // Of the flags of one message.
  struct Change {
    store::Uid uid = 0;  // 0: a later one stands for it
    store::ModSeq modseq = 0;
    store::ModSeq before = 0;  // the change of it that this one replaced; 0: none
    store::MailFlags flags;
  };

  // One who has it open. `told`: the changes up to it are not needed any more.
  struct Viewer {
    ChangeListener* listener = nullptr;
    store::ModSeq told = 0;
    std::vector<store::EntryName> entries;  // annotations that have changed since
  };

  // Of all mailboxes of a core.
  struct Budgets {
    FactsBudget facts;
    SummaryBudget summaries;
  };

  SharedMailbox(engine::Reactor& reactor, store::MailboxStore& store, Budgets& budgets,
                store::MailAccountId account, store::MailboxId mailbox)
      : reactor_(reactor),
        store_(store),
        account_(account),
        mailbox_(mailbox),
        facts_(budgets.facts),
        summaries_(budgets.summaries),
        updated_(reactor) {}
  SharedMailbox(const SharedMailbox&) = delete;
  SharedMailbox& operator=(const SharedMailbox&) = delete;

  // Once, with the answer to its open().
  void begin(store::OpenedMailbox opened);
  void on_update(const std::shared_ptr<const store::MailboxUpdate>& update) override;

  [[nodiscard]] store::MailAccountId account() const { return account_; }
  [[nodiscard]] store::MailboxId id() const { return mailbox_; }
  // As it was opened: name, UIDVALIDITY, floor. What changes is told by the others.
  [[nodiscard]] const store::Mailbox& row() const { return row_; }
  [[nodiscard]] const Uids& uids() const { return uids_; }
  [[nodiscard]] const store::UidSet& seen() const { return seen_; }
  // Those with \Deleted; nullopt: not known, since some had it when the mailbox was opened.
  [[nodiscard]] const std::optional<store::UidSet>& deleted() const { return deleted_; }
  [[nodiscard]] store::Uid uid_next() const { return uid_next_; }
  [[nodiscard]] store::ModSeq modseq() const { return modseq_; }
  [[nodiscard]] const std::vector<std::string>& keywords() const { return row_.keywords; }
  [[nodiscard]] bool is_gone() const { return is_gone_; }
  // Who may do what with it, and how often that has changed.
  [[nodiscard]] const std::string& access() const { return row_.access; }
  [[nodiscard]] std::uint64_t access_changes() const { return access_changes_; }
  // In order of MODSEQ; valid until the next turn. Those with UID 0 count for nothing.
  [[nodiscard]] const std::deque<Change>& changes() const { return changes_; }

  // As MailboxStore::facts(), of which only what was not asked for before is read. In: ascending.
  [[nodiscard]] engine::Task<store::MailResult<std::vector<store::MailRow>>> facts(
      std::vector<store::Uid> uids);
  // Filled by who reads them.
  [[nodiscard]] SummaryTable& summaries() { return summaries_; }

  void attach(Viewer& viewer) { viewers_.push_back(&viewer); }
  void detach(Viewer& viewer);

  // Waits until a change that has been made is seen here: false, if it takes too long.
  [[nodiscard]] engine::Task<bool> reach(store::ModSeq modseq);
  [[nodiscard]] engine::Task<bool> reach_uid(store::Uid uid);
  [[nodiscard]] engine::Task<bool> reach_expunge(store::Uid uid);

 private:
  void take(const store::MailboxUpdate& update);
  void take_entries(const store::MailboxUpdate& update);
  void mark(store::Uid uid, const store::MailFlags& flags);
  void take_flags(store::Uid uid, const store::MailFlags& flags, store::ModSeq modseq);
  void learn_keywords(const store::MailFlags& flags);
  void forget_told();

  engine::Reactor& reactor_;
  store::MailboxStore& store_;
  store::MailAccountId account_;
  store::MailboxId mailbox_;
  store::Mailbox row_;
  Uids uids_;  // null before begin()
  store::UidSet seen_;
  std::optional<store::UidSet> deleted_;
  store::Uid uid_next_ = 1;
  store::ModSeq modseq_ = 0;
  bool is_gone_ = false;
  std::uint64_t access_changes_ = 0;
  std::deque<Change> changes_;
  std::uint64_t dropped_ = 0;  // changes that were in front of those
  // Where each message's last change stands, counted with the dropped ones.
  std::unordered_map<store::Uid, std::uint64_t> last_change_;
  FactsTable facts_;
  SummaryTable summaries_;
  std::vector<Viewer*> viewers_;
  std::vector<std::shared_ptr<const store::MailboxUpdate>> early_;  // told before begin()
  engine::Event updated_;
  std::unique_ptr<store::MailboxWatch> watch_;
};
// Held by its viewers together, since none of them knows who is last.
using SharedMailboxRef = std::shared_ptr<SharedMailbox>;

// Those that are open on this core, and a few that were until lately: a client that comes back for
// each look finds them as they were.
class SharedMailboxes {
 public:
  SharedMailboxes(engine::Reactor& reactor, store::MailboxStore& store,
                  SummaryBudget summary_budget)
      : reactor_(reactor), store_(store), budgets_{.facts = {}, .summaries = summary_budget} {}
  [[nodiscard]] engine::Task<store::MailResult<SharedMailboxRef>> open(store::MailAccountId account,
                                                                       store::MailboxId mailbox);

 private:
  struct Lingering {
    SharedMailboxRef mailbox;
    MonoTime until{};
  };
  void linger(const SharedMailboxRef& mailbox);

  engine::Reactor& reactor_;
  store::MailboxStore& store_;
  SharedMailbox::Budgets budgets_;
  std::vector<Lingering> lingering_;  // the last one opened stands last
  std::map<std::pair<store::MailAccountId, store::MailboxId>, std::weak_ptr<SharedMailbox>> open_;
  std::size_t sweep_at_ = 64;  // so many, and those that nobody has open any more are dropped
};

}  // namespace postrider::imap
