#pragma once

#include "directory_domains.hpp"

#include <string>
#include <unordered_map>

namespace postrider::flow {

// Whether an account, and its domain, have room for one more message.
// A domain's sum is taken anew at most once in sum_lifetime, and only if the domain has a limit; in
// between what this core lets through is added to it. So a domain can come to stand over its limit
// by what the other cores take in that time.
// Shard: one a core. Cost: two point reads; a sum reads all accounts once.
class QuotaCheck {
 public:
  // `full_max`: as in DirectorySettings.
  QuotaCheck(const DirectoryDoors& doors, Duration full_max) : doors_(doors), full_max_(full_max) {}

  struct Question {
    std::string account;
    store::MailQuota quota;
    std::uint64_t size = 0;  // of the message; 0: not known
  };
  // Errors: over_quota, full_for_long, domain_over_quota, unavailable.
  engine::Task<Result<void, AddressFailure>> check(Question question,
                                                   std::optional<store::Domain> domain);

  static constexpr Duration sum_lifetime{std::chrono::minutes(1)};
  static constexpr std::size_t full_accounts_max = 100'000;  // that are remembered

 private:
  struct Sum {
    std::uint64_t bytes = 0;
    MonoTime taken{};
  };
  engine::Task<Result<store::MailUsage, AddressFailure>> usage_of(std::string account);
  engine::Task<Result<std::uint64_t, AddressFailure>> sum_of(std::string domain);

  [[nodiscard]] AddressFailure full(const std::string& account);

  DirectoryDoors doors_;
  Duration full_max_;
  // When an account that has no room was first seen so.
  std::unordered_map<std::string, MonoTime> full_since_;
  std::unordered_map<std::string, Sum> sums_;  // of domains that have a limit
};

}  // namespace postrider::flow
