#pragma once

#include "directory_domains.hpp"
#include "fresh_names.hpp"

#include <memory>
#include <string>
#include <vector>

namespace postrider::flow {

// What counts of an account when mail comes for it.
struct MailAccount {
  std::string name;
  bool disabled = false;
  bool keeps_copy = true;               // of what is forwarded
  std::vector<std::string> forward_to;  // addresses
  std::uint64_t quota_bytes = 0;        // 0: the domain's
  std::uint64_t quota_messages = 0;     // 0: the domain's
};
using MailAccountRef = std::shared_ptr<const MailAccount>;  // shared with the table

// Accounts that mail has come for, as one core knows them: read once, forgotten when anything in
// the directory changes. Names that no account has are asked for each time: a guesser's would be
// all that is kept.
// Limits: FreshNames::entries_max accounts.
class AccountTable {
 public:
  AccountTable(store::AccountStore& accounts, const DirectoryChanges& changes)
      : accounts_(accounts), known_(changes) {}

  // nullptr: there is none. In: any case. Errors: unavailable.
  engine::Task<Result<MailAccountRef, AddressFailure>> find(std::string name);

 private:
  store::AccountStore& accounts_;
  FreshNames<MailAccountRef> known_;
};

// What an account may keep: its own limits, or the domain's.
[[nodiscard]] store::MailQuota quota_of(const MailAccount& account, const DomainRef& domain);

}  // namespace postrider::flow
