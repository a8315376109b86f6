#pragma once

#include "fresh_names.hpp"

#include <memory>
#include <string>

#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/flow/directory.hpp>

namespace postrider::flow {

// "User+Detail@example.org" apart; without an '@' there is no domain.
struct SplitAddress {
  std::string local;   // lower case, with the detail
  std::string domain;  // lower case, A-labels
  std::string base;    // `local` without the detail; the same if it has none
  std::string detail;  // as written
  [[nodiscard]] std::string address() const { return local + '@' + domain; }
  [[nodiscard]] std::string base_address() const { return base + '@' + domain; }
  [[nodiscard]] bool is_role() const { return base == "postmaster" || base == "abuse"; }
};
// `separators`: DirectorySettings::separators.
[[nodiscard]] SplitAddress split_address(std::string_view address, std::string_view separators);

using DomainRef = std::shared_ptr<const store::Domain>;  // shared with the table

// Hosted domains as one core knows them: read once, forgotten when anything in the directory
// changes.
// Limits: FreshNames::entries_max names, hosted or not.
class DomainTable {
 public:
  DomainTable(store::AccountStore& accounts, const DirectoryChanges& changes)
      : accounts_(accounts), known_(changes) {}

  // nullptr: not hosted here. In: lower case, A-labels.
  engine::Task<Result<DomainRef, AddressFailure>> find(std::string name);
  // The first in order of name; nullptr: there is none.
  engine::Task<Result<DomainRef, AddressFailure>> first();

 private:
  store::AccountStore& accounts_;
  FreshNames<DomainRef> known_;
};

}  // namespace postrider::flow
