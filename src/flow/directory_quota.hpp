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
  explicit QuotaCheck(const DirectoryDoors& doors) : doors_(doors) {}

  struct Question {
    std::string account;
    store::MailQuota quota;
    std::uint64_t size = 0;  // of the message; 0: not known
  };
  // Errors: over_quota, domain_over_quota, unavailable.
  engine::Task<Result<void, AddressFailure>> check(Question question,
                                                   std::optional<store::Domain> domain);

  static constexpr Duration sum_lifetime{std::chrono::minutes(1)};

 private:
  struct Sum {
    std::uint64_t bytes = 0;
    MonoTime taken{};
  };
  engine::Task<Result<store::MailUsage, AddressFailure>> usage_of(std::string account);
  engine::Task<Result<std::uint64_t, AddressFailure>> sum_of(std::string domain);

  DirectoryDoors doors_;
  std::unordered_map<std::string, Sum> sums_;  // of domains that have a limit
};

}  // namespace postrider::flow
