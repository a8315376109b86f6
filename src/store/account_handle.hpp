#pragma once

#include "account_codec.hpp"
#include "core_port.hpp"
#include "kv.hpp"
#include "mailbox_handle.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/store/account_store.hpp>

namespace postrider::store {

// Accounts, domains and aliases as one core sees them.
class AccountHandle final : public AccountStore {
 public:
  // `mailboxes`: where the accounts' mail is counted.
  AccountHandle(std::shared_ptr<CorePort> port, const Kv& kv, std::string secret,
                MailboxHandle& mailboxes)
      : port_(std::move(port)), kv_(kv), secret_(std::move(secret)), mailboxes_(mailboxes) {}

  engine::Task<StoreResult<Account>> load_account(std::string name) override;
  engine::Task<StoreResult<void>> save_account(Account account, bool expect_new) override;
  engine::Task<StoreResult<void>> remove_account(std::string name) override;
  engine::Task<StoreResult<std::vector<Account>>> list_accounts(std::string after,
                                                                std::size_t limit) override;
  engine::Task<StoreResult<Domain>> load_domain(std::string name) override;
  engine::Task<StoreResult<void>> save_domain(Domain domain, bool expect_new) override;
  engine::Task<StoreResult<void>> remove_domain(std::string name) override;
  engine::Task<StoreResult<std::vector<Domain>>> list_domains(std::string after,
                                                              std::size_t limit) override;
  engine::Task<StoreResult<Alias>> load_alias(std::string address) override;
  engine::Task<StoreResult<void>> save_alias(Alias alias, bool expect_new) override;
  engine::Task<StoreResult<void>> remove_alias(std::string address) override;
  engine::Task<StoreResult<std::vector<Alias>>> list_aliases(std::string after,
                                                             std::size_t limit) override;
  engine::Task<StoreResult<std::string>> server_secret() override;

 private:
  struct Named {
    std::string key;
    std::string value;
  };
  engine::Task<StoreResult<std::vector<Named>>> scan(Family family, std::string after,
                                                     std::size_t limit);
  template <class Record>
  using Decode = RecordResult<Record> (*)(std::string_view key, std::string_view value);
  template <class Record>
  engine::Task<StoreResult<Record>> load(Family family, std::string key, Decode<Record> decode);
  // `unreadable` makes what stands for one that can't be read: it is seen there, and of no use.
  template <class Record>
  engine::Task<StoreResult<std::vector<Record>>> list(Family family, std::string after,
                                                      std::size_t limit, Decode<Record> decode,
                                                      Record (*unreadable)(std::string name));
  engine::Task<StoreResult<void>> save(SaveNameWork work);
  engine::Task<StoreResult<void>> remove(Family family, std::string key);

  std::shared_ptr<CorePort> port_;  // shared with pending calls
  const Kv& kv_;
  std::string secret_;
  MailboxHandle& mailboxes_;
};

}  // namespace postrider::store
