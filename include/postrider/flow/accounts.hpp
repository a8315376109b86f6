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
  bad_value,     // of another setting
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

// What is given is changed.
struct AccountChange {
  std::optional<std::string> password;
  // What was kept of a password elsewhere, instead: an argon2 PHC string, or
  // "SCRAM-SHA-256$..." (RFC 5803's fields).
  std::optional<std::string> password_hash;
  std::optional<std::string> scram;
  std::optional<std::string> tenant;
  std::optional<std::vector<std::string>> send_as;
  std::optional<bool> disabled;
  std::optional<std::vector<std::string>> scopes;  // policy::scope_names()
  std::optional<std::uint64_t> quota_bytes;        // 0: the domain's
  std::optional<std::uint64_t> quota_messages;     // 0: the domain's
  std::optional<std::uint64_t> messages_per_hour;  // 0: the listener's
  std::optional<std::vector<std::string>> forward_to;
  std::optional<bool> keeps_copy;
  std::optional<std::vector<store::AppPassword>> app_passwords;  // brought along with their hashes
};

struct NewAccount {
  std::string name;  // "user@example.org"
  std::string password;
  std::string tenant;  // empty: the domain
  std::vector<std::string> send_as;
  AccountChange settings;  // what else is wanted, applied over the above
};

struct DomainChange {
  std::optional<std::string> tenant;
  std::optional<bool> hosted;
  std::optional<std::string> alias_of;    // empty: not an alias
  std::optional<std::string> catch_all;   // empty: none
  std::optional<std::string> postmaster;  // empty: none
  std::optional<std::uint64_t> quota_bytes;
  std::optional<std::uint64_t> quota_messages;
  std::optional<std::uint64_t> account_quota_bytes;
  std::optional<std::uint64_t> account_quota_messages;
  std::optional<std::uint64_t> message_bytes_max;
};

struct AliasChange {
  std::optional<store::AliasKind> kind;
  std::optional<std::vector<std::string>> targets;
  std::vector<std::string> added;    // to the targets
  std::vector<std::string> removed;  // from them
  std::optional<store::Posters> posters;
  std::optional<std::vector<std::string>> named_posters;  // addresses, "@example.org"
  std::optional<std::string> title;
  std::optional<std::string> archive_url;
  std::optional<std::string> subscribe_url;
  std::optional<std::string> unsubscribe_url;
  std::optional<bool> reply_to_list;
};

// The only time that an app password is seen.
struct ShownPassword {
  store::Account account;
  std::string password;  // "abcde-fghij-klmno-pqrst"
};

inline constexpr std::size_t app_passwords_max = 50;      // of one account
inline constexpr std::size_t alias_targets_max = 10'000;  // of one alias, group or list
inline constexpr std::size_t forward_targets_max = 100;   // of one account

// Care for accounts, domains and aliases: the only way they are written. One write at a time, so
// that what was looked at before it still stands.
// Shard: the core of `reactor`. Cost: setting a password takes some 20 ms on the offload pool.
class AccountDesk {
 public:
  // `changes` is told of everything that is written; nullptr: nobody reads it.
  AccountDesk(engine::Reactor& reactor, store::AccountStore& accounts, CredentialKinds kinds,
              DirectoryChanges* changes = nullptr);

  // Finds out whether any domain is hosted: before mail comes in.
  engine::Task<AccountResult<void>> start();

  // Makes the account's domain too, if it is not there yet: one whose mail is not kept here.
  engine::Task<AccountResult<store::Account>> add(NewAccount account);
  engine::Task<AccountResult<store::Account>> change(std::string name, AccountChange change);
  engine::Task<AccountResult<void>> remove(std::string name);
  engine::Task<AccountResult<store::Account>> load(std::string name);
  engine::Task<AccountResult<std::vector<store::Account>>> list(std::string after,
                                                                std::size_t limit);

  // `scopes`: policy::scope_names(); empty: those of the account's own password.
  engine::Task<AccountResult<ShownPassword>> add_app_password(std::string account, std::string name,
                                                              std::vector<std::string> scopes);
  engine::Task<AccountResult<store::Account>> remove_app_password(std::string account,
                                                                  std::string name);

  engine::Task<AccountResult<store::Domain>> add_domain(std::string name, DomainChange domain);
  engine::Task<AccountResult<store::Domain>> change_domain(std::string name, DomainChange change);
  engine::Task<AccountResult<store::Domain>> load_domain(std::string name);
  // Refused while accounts or aliases are in it, or domains stand for it.
  engine::Task<AccountResult<void>> remove_domain(std::string name);
  engine::Task<AccountResult<std::vector<store::Domain>>> list_domains(std::string after,
                                                                       std::size_t limit);

  // Refused: an account's name, targets that lead back to it, no targets.
  engine::Task<AccountResult<store::Alias>> add_alias(std::string address, AliasChange alias);
  engine::Task<AccountResult<store::Alias>> change_alias(std::string address, AliasChange change);
  engine::Task<AccountResult<void>> remove_alias(std::string address);
  engine::Task<AccountResult<store::Alias>> load_alias(std::string address);
  engine::Task<AccountResult<std::vector<store::Alias>>> list_aliases(std::string after,
                                                                      std::size_t limit);

 private:
  engine::Task<AccountResult<void>> set_password(store::Account& account, std::string password);
  engine::Task<AccountResult<void>> apply(store::Account& account, AccountChange change);
  engine::Task<AccountResult<void>> save(const store::Account& account, bool expect_new);
  engine::Task<AccountResult<void>> refuse_name_of_alias(std::string name);
  engine::Task<AccountResult<void>> adopt_postmaster(std::string account);
  engine::Task<AccountResult<void>> apply(store::Domain& domain, DomainChange change);
  engine::Task<AccountResult<void>> save(store::Domain domain, bool expect_new);
  engine::Task<AccountResult<void>> refuse_used_domain(std::string name);
  engine::Task<AccountResult<void>> apply(store::Alias& alias, AliasChange change);
  engine::Task<AccountResult<void>> refuse_cycle(const store::Alias& alias);
  engine::Task<engine::Semaphore::Permit> begin_write();
  void changed();
  engine::Task<AccountResult<void>> count_hosted();

  engine::Reactor& reactor_;
  store::AccountStore& accounts_;
  CredentialKinds kinds_;
  DirectoryChanges* changes_;
  engine::Semaphore writes_;
};

}  // namespace postrider::flow
