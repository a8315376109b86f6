#pragma once

#include <optional>
#include <string>
#include <unordered_map>

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

// Hosted domains as one core knows them: read once, forgotten when anything in the directory
// changes.
// Limits: entries_max names, hosted or not; then all are forgotten.
class DomainTable {
 public:
  DomainTable(store::AccountStore& accounts, const DirectoryChanges& changes)
      : accounts_(accounts), changes_(changes) {}

  // nullopt: not hosted here. In: lower case, A-labels.
  engine::Task<Result<std::optional<store::Domain>, AddressFailure>> find(std::string name);
  // The first in order of name; nullopt: there is none.
  engine::Task<Result<std::optional<store::Domain>, AddressFailure>> first();

  static constexpr std::size_t entries_max = 20'000;

 private:
  void refresh();
  void keep(const std::string& name, const std::optional<store::Domain>& domain,
            std::uint64_t version);

  store::AccountStore& accounts_;
  const DirectoryChanges& changes_;
  std::uint64_t version_ = 0;  // of what is kept
  std::unordered_map<std::string, std::optional<store::Domain>> known_;
};

}  // namespace postrider::flow
