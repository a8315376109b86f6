#pragma once

#include "directory_domains.hpp"

#include <string>
#include <unordered_map>

namespace postrider::flow {

// Whether an account, and its domain, have room for one more message, as it stands now: what was
// accepted and is not filed yet is judged again when it is.
// Shard: one a core. Cost: two point reads; of a domain, none.
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
  engine::Task<Result<void, AddressFailure>> check(Question question, DomainRef domain);

  static constexpr std::size_t full_accounts_max = 100'000;  // that are remembered

 private:
  engine::Task<Result<store::MailUsage, AddressFailure>> usage_of(std::string account);

  [[nodiscard]] AddressFailure full(const std::string& account);

  DirectoryDoors doors_;
  Duration full_max_;
  // When an account that has no room was first seen so.
  std::unordered_map<std::string, MonoTime> full_since_;
};

}  // namespace postrider::flow
