#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/flow/directory_changes.hpp>
#include <postrider/store/account_store.hpp>

namespace postrider::flow {

enum class AccountFailure : std::uint8_t {
  bad_name,      // not user@domain: tell what is wrong
  bad_password,  // empty, too long, or with control characters
  exists,
  not_found,
  store,  // could not be saved; nothing changed
};
struct AccountError {
  AccountFailure kind{};
  std::string text;  // what is wrong: what to do
};
template <class T>
using AccountResult = Result<T, AccountError>;

// What an account keeps of its password; at least one is on.
struct CredentialKinds {
  bool argon2id = true;  // PLAIN and LOGIN
  bool scram = true;     // SCRAM-SHA-256; the weaker of the two against guessing (docs/adr)
};

struct NewAccount {
  std::string name;  // "user@example.org"
  std::string password;
  std::string tenant;  // empty: the domain
  std::vector<std::string> send_as;
};

// What is given is changed.
struct AccountChange {
  std::optional<std::string> password;
  std::optional<std::string> tenant;
  std::optional<std::vector<std::string>> send_as;
  std::optional<bool> disabled;
};

// Care for accounts, domains and aliases: the only way they are written.
// Shard: the core of `reactor`. Cost: setting a password takes some 20 ms on the offload pool.
class AccountDesk {
 public:
  // `changes` is told of everything that is written; nullptr: nobody reads it.
  AccountDesk(engine::Reactor& reactor, store::AccountStore& accounts, CredentialKinds kinds,
              DirectoryChanges* changes = nullptr);

  // Finds out whether any domain is hosted: before mail comes in.
  engine::Task<AccountResult<void>> start();

  // Makes the account's domain too, if it is not there yet.
  engine::Task<AccountResult<store::Account>> add(NewAccount account);
  engine::Task<AccountResult<store::Account>> change(std::string name, AccountChange change);
  engine::Task<AccountResult<void>> remove(std::string name);
  engine::Task<AccountResult<store::Account>> load(std::string name);
  engine::Task<AccountResult<std::vector<store::Account>>> list(std::string after,
                                                                std::size_t limit);

  engine::Task<AccountResult<store::Domain>> add_domain(std::string name, std::string tenant);
  // Refused while accounts are in it.
  engine::Task<AccountResult<void>> remove_domain(std::string name);
  engine::Task<AccountResult<std::vector<store::Domain>>> list_domains(std::string after,
                                                                       std::size_t limit);

 private:
  engine::Task<AccountResult<void>> set_password(store::Account& account, std::string password);
  engine::Task<AccountResult<void>> save(const store::Account& account, bool expect_new);
  void changed();
  engine::Task<AccountResult<void>> count_hosted();

  engine::Reactor& reactor_;
  store::AccountStore& accounts_;
  CredentialKinds kinds_;
  DirectoryChanges* changes_;
};

}  // namespace postrider::flow
