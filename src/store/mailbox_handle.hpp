#pragma once

#include "core_port.hpp"
#include "domain_usages.hpp"
#include "kv.hpp"
#include "mail_home.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <postrider/engine/reactor.hpp>
#include <postrider/engine/run_on.hpp>
#include <postrider/store/mailbox_store.hpp>

namespace postrider::store {

class MailboxHandle;

// What the cores' handles have in common.
struct MailCores {
  engine::Cores& cores;
  std::vector<MailboxHandle*> handles;  // by core
  std::uint64_t last_account = 0;       // core 0's
  std::vector<FirstMailbox> first_mailboxes;
  DomainUsages usages{};
};

// The mailboxes as one core sees them: reads are done here, writes on the account's home core.
class MailboxHandle final : public MailboxStore {
 public:
  MailboxHandle(std::shared_ptr<CorePort> port, const Kv& kv, std::string secret,
                MailCores& shared);

  engine::Task<MailResult<MailAccountId>> open_account(std::string name) override;
  engine::Task<MailResult<MailAccountId>> find_account(std::string name) override;
  engine::Task<MailResult<MailUsage>> usage(MailAccountId account) override;
  engine::Task<MailResult<MailUsage>> domain_usage(std::string domain) override;
  engine::Task<MailResult<std::vector<Mailbox>>> list(MailAccountId account) override;
  engine::Task<MailResult<Mailbox>> create(MailAccountId account, std::string name,
                                           SpecialUse use) override;
  engine::Task<MailResult<std::vector<Mailbox>>> complete(MailAccountId account) override;
  engine::Task<MailResult<void>> rename(MailAccountId account, MailboxId mailbox,
                                        std::string name) override;
  engine::Task<MailResult<void>> remove(MailAccountId account, MailboxId mailbox) override;
  engine::Task<MailResult<std::vector<std::string>>> subscriptions(MailAccountId account) override;
  engine::Task<MailResult<void>> subscribe(MailAccountId account, std::string name,
                                           bool yes) override;
  engine::Task<MailResult<void>> set_entries(MailAccountId account,
                                             std::vector<EntryChange> changes) override;
  engine::Task<MailResult<std::string>> find_entry(MailAccountId account, EntryName name) override;
  engine::Task<MailResult<std::vector<MailEntry>>> entries(MailAccountId account, EntryKind kind,
                                                           MailboxId mailbox,
                                                           std::optional<MailAccountId> holder,
                                                           std::size_t limit) override;
  engine::Task<std::shared_ptr<const MailBody>> prepare(SharedOctets octets) override;
  engine::Task<std::vector<BlobHash>> hash_bodies(SharedOctets octets,
                                                  std::vector<std::size_t> offsets) override;
  engine::Task<MailResult<std::vector<InsertedMail>>> insert(MailAccountId account,
                                                             MailInsert insert) override;
  engine::Task<MailResult<FlagsChanged>> change_flags(MailAccountId account, MailboxId mailbox,
                                                      std::vector<Uid> uids,
                                                      FlagChange change) override;
  engine::Task<MailResult<Expunged>> expunge(MailAccountId account, MailboxId mailbox,
                                             std::vector<Uid> uids, bool deleted_only) override;
  engine::Task<MailResult<Copied>> copy(MailAccountId account, MailboxId from,
                                        std::vector<Uid> uids, MailboxId to, bool move,
                                        MailQuota quota) override;
  engine::Task<MailResult<OpenedMailbox>> open(MailAccountId account, MailboxId mailbox,
                                               MailboxListener* listener) override;
  engine::Task<MailResult<WatchedAccount>> watch(MailAccountId account,
                                                 MailboxListener* listener) override;
  engine::Task<MailResult<Uid>> claim_recent(MailAccountId account, MailboxId mailbox, Uid end,
                                             bool take) override;
  engine::Task<MailResult<std::vector<MailRow>>> facts(MailAccountId account, MailboxId mailbox,
                                                       std::vector<Uid> uids) override;
  engine::Task<MailResult<MailDetail>> detail(MailAccountId account, MailboxId mailbox,
                                              Uid uid) override;
  engine::Task<MailResult<MailDetails>> details(MailAccountId account, MailboxId mailbox,
                                                DetailsWanted wanted) override;
  engine::Task<MailResult<SharedOctets>> read_body(BlobId blob, std::uint64_t offset) override;
  engine::Task<std::vector<SharedOctets>> read_bodies(std::vector<BlobId> blobs) override;
  engine::Task<MailResult<std::vector<MailChange>>> changes(MailAccountId account,
                                                            MailboxId mailbox, ModSeq since,
                                                            std::size_t limit) override;
  engine::Task<MailResult<std::vector<ExpungedMail>>> expunged(MailAccountId account,
                                                               std::size_t limit) override;
  engine::Task<MailResult<InsertedMail>> undelete(MailAccountId account, MailboxId mailbox, Uid uid,
                                                  WallTime expunged) override;
  engine::Task<MailResult<std::size_t>> purge(MailAccountId account, WallTime before,
                                              std::size_t limit) override;

  [[nodiscard]] MailHome& home() { return home_; }
  [[nodiscard]] DomainUsages& usages() { return shared_.usages; }
  // As MailHome::recount(); of an account that may have no mail.
  engine::Task<void> recount(std::string name);
  // On the core where the account's home is.
  template <class T>
  engine::Task<MailResult<T>> at_home(
      MailAccountId account, std::move_only_function<engine::Task<MailResult<T>>(MailHome&)> work) {
    const auto core =
        static_cast<CoreId>(static_cast<std::uint64_t>(account) % shared_.cores.count());
    return engine::run_on<MailResult<T>>(
        shared_.cores, reactor(), core,
        [home = &shared_.handles[core]->home_, work = std::move(work)]() mutable {
          return work(*home);
        });
  }

 private:
  friend class Watch;
  engine::Task<MailResult<MailAccountId>> make_account(std::string name);
  [[nodiscard]] engine::Reactor& reactor() const { return port_->reactor(); }
  void tell(std::uint64_t watch, const std::shared_ptr<const MailboxUpdate>& update);

  std::shared_ptr<CorePort> port_;
  const Kv& kv_;
  std::string secret_;
  MailCores& shared_;
  MailHome home_;
  engine::Semaphore making_;  // core 0's: one new account at a time
  std::map<std::uint64_t, MailboxListener*> listeners_;
  std::uint64_t last_watch_ = 0;
  std::map<std::string, DomainUsage*, std::less<>> domains_;  // those that were asked for
  std::unordered_map<std::string, MailAccountId> ids_;        // that were read: none ever changes
};

}  // namespace postrider::store
