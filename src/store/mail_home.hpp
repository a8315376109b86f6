#pragma once

#include "account_mail.hpp"
#include "core_port.hpp"
#include "domain_usages.hpp"
#include "kv.hpp"
#include "mail_draft.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <postrider/engine/reactor.hpp>
#include <postrider/store/mailbox_store.hpp>
#include <postrider/store/upkeep.hpp>

namespace postrider::store {

class AccountCheck;

// Who has a mailbox open: the number that its core knows the watch by.
struct WatcherId {
  CoreId core = 0;
  std::uint64_t number = 0;
  friend bool operator==(const WatcherId&, const WatcherId&) = default;
};

// The accounts whose home this core is. A call takes the account's lock, puts a batch together with
// what stands in memory, sends it, gives the lock back and waits: batches of an account are written
// in the order in which they were put together, and several may be under way. A call that reads
// what a batch under way may change waits for that first. Shard: its core.
class MailHome {
 public:
  using Tell = std::move_only_function<void(WatcherId, std::shared_ptr<const MailboxUpdate>)>;
  // `tell` brings an update to the watcher's core. `first`: what accounts begin with; outlives it.
  MailHome(std::shared_ptr<CorePort> port, const Kv& kv, const std::vector<FirstMailbox>& first,
           DomainUsages& usages, Tell tell)
      : port_(std::move(port)), kv_(kv), first_(first), usages_(usages), tell_(std::move(tell)) {}

  engine::Task<MailResult<void>> make_account(MailAccountId account, std::string name);
  engine::Task<MailResult<MailUsage>> usage(MailAccountId account);
  engine::Task<MailResult<std::vector<Mailbox>>> list(MailAccountId account);
  engine::Task<MailResult<Mailbox>> create(MailAccountId account, std::string name, SpecialUse use);
  engine::Task<MailResult<std::vector<Mailbox>>> complete(MailAccountId account);
  engine::Task<MailResult<void>> rename(MailAccountId account, MailboxId mailbox, std::string name);
  engine::Task<MailResult<void>> remove(MailAccountId account, MailboxId mailbox);
  engine::Task<MailResult<std::vector<std::string>>> subscriptions(MailAccountId account);
  engine::Task<MailResult<void>> subscribe(MailAccountId account, std::string name, bool yes);

  engine::Task<MailResult<void>> set_entries(MailAccountId account,
                                             std::vector<EntryChange> changes);

  engine::Task<MailResult<std::vector<InsertedMail>>> insert(MailAccountId account,
                                                             MailInsert insert);
  engine::Task<MailResult<FlagsChanged>> change_flags(MailAccountId account, MailboxId mailbox,
                                                      std::vector<Uid> uids, FlagChange change);
  engine::Task<MailResult<MailboxStore::Expunged>> expunge(MailAccountId account, MailboxId mailbox,
                                                           std::vector<Uid> uids,
                                                           bool deleted_only);
  struct CopyRequest {
    MailboxId from{};
    std::vector<Uid> uids;
    MailboxId to{};
    bool move = false;
    MailQuota quota;
  };
  engine::Task<MailResult<Copied>> copy(MailAccountId account, CopyRequest request);
  // Nothing is under way when the view is taken; each later change is told.
  engine::Task<MailResult<MailboxView>> open(MailAccountId account, MailboxId mailbox,
                                             std::optional<WatcherId> watcher);
  // The same of the account; forget() it with mailbox `none`.
  engine::Task<MailResult<AccountView>> watch(MailAccountId account, WatcherId watcher);
  void forget(MailAccountId account, MailboxId mailbox, WatcherId watcher);
  engine::Task<MailResult<Uid>> claim_recent(MailAccountId account, MailboxId mailbox, Uid end,
                                             bool take);

  engine::Task<MailResult<InsertedMail>> undelete(MailAccountId account, TrashKey trash);
  engine::Task<MailResult<std::size_t>> purge(MailAccountId account, WallTime before,
                                              std::size_t limit);
  engine::Task<MailResult<AccountReport>> repair(MailAccountId account);
  engine::Task<MailResult<PutBackReport>> put_back(MailAccountId account);
  // The directory has got or lost the account: its mail is counted from now on, or no more.
  engine::Task<MailResult<void>> recount(MailAccountId account);

 private:
  // An account in memory, with its lock.
  struct Held {
    AccountMail* account = nullptr;
    engine::Semaphore::Permit lock;
    Held() = default;
    Held(Held&& other) noexcept
        : account(std::exchange(other.account, nullptr)), lock(std::move(other.lock)) {}
    Held& operator=(Held&& other) noexcept {
      std::swap(account, other.account);
      std::swap(lock, other.lock);
      return *this;
    }
    ~Held() { drop(); }
    void drop();
    AccountMail* operator->() const { return account; }
    AccountMail& operator*() const { return *account; }
  };
  enum class See : std::uint8_t { counters, records };  // records: nothing is under way
  engine::Task<MailResult<Held>> hold(MailAccountId account, See see);
  // Without what its records say.
  engine::Task<MailResult<Held>> take(MailAccountId account, See see);
  engine::Task<MailResult<void>> make_place(AccountMail& account, const MailInsert& insert,
                                            MailUsage added, MailUsage freed);
  // Whether the limits of a domain can be held: what its accounts use is known.
  engine::Task<bool> knows_domain(MailQuota quota);
  // Takes the room from the account's domain; the commit that follows counts no more than that.
  // False: there is none.
  static bool take_room(AccountMail& account, const MailUsage& change, const MailQuota& quota);
  // What is loaded belongs to its domain's sum, if the directory has it.
  void join_domain(AccountMail& account, bool is_known);
  // What can't be loaded, since its record can't be read, does not, until it is loaded again. Cost:
  // a look at the names of all accounts, once for each that rots.
  engine::Task<void> leave_domain(AccountMail& account);
  // Before its repair: what is counted then is the difference to what is in the sum.
  engine::Task<void> rejoin_domain(AccountMail& account, const AccountCheck& found);
  engine::Task<MailResult<void>> put_one_back(MailAccountId account, std::string key,
                                              PutBackReport& report);
  // Those of a slice of the account's entries that repair has set aside, after `after`. Out: there
  // are more.
  engine::Task<MailResult<bool>> put_entries_back(MailAccountId account, std::string& after,
                                                  PutBackReport& report);
  static MailboxState* place_for_recovered(AccountMail& account, MailboxId was, MailDraft& draft);
  // Of MailOrigin::copies: whether so many are there, and the last of them.
  engine::Task<MailResult<InsertedMail>> find_copy(AccountMail& account, const NewMail& mail,
                                                   const MailOrigin& origin);
  // The same, of a mailbox that is listed.
  struct HeldBox {
    Held held;
    MailboxState* box = nullptr;
  };
  engine::Task<MailResult<HeldBox>> hold_mailbox(MailAccountId account, MailboxId mailbox, See see);
  engine::Task<MailResult<void>> load_pages_of(AccountMail& account, MailboxState& box,
                                               std::vector<Uid> uids);
  engine::Task<MailResult<void>> load_all_pages(AccountMail& account, MailboxState& box);
  engine::Task<MailResult<std::vector<MailRow>>> load_facts(AccountMail& account, MailboxState& box,
                                                            std::vector<Uid> uids);
  engine::Task<MailResult<std::optional<MailRow>>> find_replaced(
      AccountMail& account, std::optional<ReplacedMail> wanted);
  // Sends what the draft holds, gives up the lock, waits, and tells the watchers.
  struct Extra {
    std::vector<std::shared_ptr<const MailBody>> bodies;
    std::optional<DeliveryId> delivered;
    std::optional<CommitWork> report;
    std::uint64_t bytes = 0;
  };
  engine::Task<MailResult<void>> commit(Held held, MailDraft& draft, Extra extra);
  // `ended`: keys of the quarantine.
  engine::Task<MailResult<void>> commit_entries(Held held, std::vector<EntryChange> changes,
                                                std::vector<std::string> ended);
  // Those of first_ that the account lacks, subscribed to. Out: which.
  std::vector<MailboxId> add_first(AccountMail& account, MailDraft& draft,
                                   MailDraft::Updates& updates);
  void publish(const MailDraft::Updates& updates);
  void tell_watchers(MailboxId mailbox, const std::shared_ptr<const MailboxUpdate>& update);
  void evict();

  struct BoxHash {
    std::size_t operator()(const std::pair<MailAccountId, MailboxId>& box) const noexcept {
      return static_cast<std::size_t>(static_cast<std::uint64_t>(box.first) *
                                          0x9E3779B97F4A7C15ULL ^
                                      static_cast<std::uint64_t>(box.second));
    }
  };
  std::shared_ptr<CorePort> port_;
  const Kv& kv_;
  const std::vector<FirstMailbox>& first_;
  DomainUsages& usages_;
  Tell tell_;
  // By pointer: calls hold them over their waits.
  std::unordered_map<MailAccountId, std::unique_ptr<AccountMail>> accounts_;
  // Those of a whole account stand under mailbox `none`.
  std::unordered_map<std::pair<MailAccountId, MailboxId>, std::vector<WatcherId>, BoxHash>
      watchers_;
  std::uint64_t uses_ = 0;
};

}  // namespace postrider::store
