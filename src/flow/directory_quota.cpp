#include "directory_quota.hpp"

#include <algorithm>
#include <utility>

namespace postrider::flow {

engine::Task<Result<store::MailUsage, AddressFailure>> QuotaCheck::usage_of(std::string account) {
  const auto id = co_await doors_.mailboxes->find_account(std::move(account));
  if (!id && id.error() == store::MailError::not_found) {
    co_return store::MailUsage{};  // no mail has come for it yet
  }
  if (!id) {
    co_return failure(AddressFailure::unavailable);
  }
  const auto usage = co_await doors_.mailboxes->usage(*id);
  if (!usage) {
    co_return failure(AddressFailure::unavailable);
  }
  co_return *usage;
}

// Senders who are told to try later keep what will not be taken in their queues: once nobody has
// made room for so long, they are told the truth.
AddressFailure QuotaCheck::full(const std::string& account) {
  if (full_max_ <= Duration{}) {
    return AddressFailure::over_quota;
  }
  const MonoTime now = doors_.reactor.now();
  if (full_since_.size() >= full_accounts_max && !full_since_.contains(account)) {
    return AddressFailure::over_quota;
  }
  const auto [place, is_new] = full_since_.emplace(account, now);
  return !is_new && now - place->second >= full_max_ ? AddressFailure::full_for_long
                                                     : AddressFailure::over_quota;
}

engine::Task<Result<void, AddressFailure>> QuotaCheck::check(Question question, DomainRef domain) {
  using Outcome = Result<void, AddressFailure>;
  if (doors_.mailboxes == nullptr) {
    co_return Outcome{};
  }
  // A message whose size isn't known has at least some.
  const std::uint64_t size = std::max<std::uint64_t>(question.size, 1);
  if (question.quota.size_bytes != 0 || question.quota.messages != 0) {
    const auto usage = co_await usage_of(question.account);
    if (!usage) {
      co_return failure(usage.error());
    }
    const auto& quota = question.quota;
    if ((quota.size_bytes != 0 && usage->size_bytes + size > quota.size_bytes) ||
        (quota.messages != 0 && usage->messages + 1 > quota.messages)) {
      co_return failure(full(question.account));
    }
    full_since_.erase(question.account);
  }
  if (!domain || (domain->quota_bytes == 0 && domain->quota_messages == 0)) {
    co_return Outcome{};
  }
  const auto used = co_await doors_.mailboxes->domain_usage(domain->name);
  if (!used) {
    co_return failure(AddressFailure::unavailable);
  }
  if ((domain->quota_bytes != 0 && used->size_bytes + size > domain->quota_bytes) ||
      (domain->quota_messages != 0 && used->messages + 1 > domain->quota_messages)) {
    co_return failure(AddressFailure::domain_over_quota);
  }
  co_return Outcome{};
}

}  // namespace postrider::flow
