#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postrider/engine/task.hpp>
#include <postrider/store/directory_records.hpp>
#include <postrider/store/store_error.hpp>

namespace postrider::store {

// Accounts, domains and aliases. Durable when a save or remove returns; seen by every core at once.
// Shard: any core; see QueueStore.
class AccountStore {
 public:
  virtual ~AccountStore() = default;

  // Errors: not_found, io. Names are compared in lower case.
  virtual engine::Task<StoreResult<Account>> load_account(std::string name) = 0;
  // `expect_new`: conflict if it exists; else conflict with not_found if it does not.
  virtual engine::Task<StoreResult<void>> save_account(Account account, bool expect_new) = 0;
  virtual engine::Task<StoreResult<void>> remove_account(std::string name) = 0;
  // In order of name, after `after`; at most `limit`.
  virtual engine::Task<StoreResult<std::vector<Account>>> list_accounts(std::string after,
                                                                        std::size_t limit) = 0;

  virtual engine::Task<StoreResult<Domain>> load_domain(std::string name) = 0;
  virtual engine::Task<StoreResult<void>> save_domain(Domain domain, bool expect_new) = 0;
  virtual engine::Task<StoreResult<void>> remove_domain(std::string name) = 0;
  virtual engine::Task<StoreResult<std::vector<Domain>>> list_domains(std::string after,
                                                                      std::size_t limit) = 0;

  virtual engine::Task<StoreResult<Alias>> load_alias(std::string address) = 0;
  virtual engine::Task<StoreResult<void>> save_alias(Alias alias, bool expect_new) = 0;
  virtual engine::Task<StoreResult<void>> remove_alias(std::string address) = 0;
  virtual engine::Task<StoreResult<std::vector<Alias>>> list_aliases(std::string after,
                                                                     std::size_t limit) = 0;

  // 32 random octets made at the first start: salts of unknown users and the like are derived from
  // it.
  virtual engine::Task<StoreResult<std::string>> server_secret() = 0;
};

}  // namespace postrider::store
