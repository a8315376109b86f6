#pragma once

#include "kv.hpp"
#include "mailbox_handle.hpp"

#include <memory>
#include <string>

#include <postrider/store/upkeep.hpp>

namespace postrider::store {

// Care for what is kept, as one core asks for it.
class UpkeepHandle final : public Upkeep {
 public:
  // `directory`: where the database stands; empty: in memory.
  UpkeepHandle(std::shared_ptr<CorePort> port, const Kv& kv, MailboxHandle& mailboxes,
               std::string directory)
      : port_(std::move(port)),
        kv_(kv),
        mailboxes_(mailboxes),
        directory_(std::move(directory)),
        backing_up_(port_->reactor(), 1) {}

  engine::Task<MailResult<std::vector<MailAccountId>>> accounts(MailAccountId after,
                                                                std::size_t limit) override;
  engine::Task<MailResult<MailAccountId>> find_account(std::string name) override;
  engine::Task<MailResult<AccountReport>> verify(MailAccountId account) override;
  engine::Task<MailResult<AccountReport>> repair(MailAccountId account) override;
  engine::Task<MailResult<PutBackReport>> put_back(MailAccountId account) override;
  engine::Task<Result<BackupMade, std::string>> back_up(std::string directory) override;

 private:
  std::shared_ptr<CorePort> port_;
  const Kv& kv_;
  MailboxHandle& mailboxes_;
  std::string directory_;
  engine::Semaphore backing_up_;  // one at a time
};

}  // namespace postrider::store
