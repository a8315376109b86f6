#include "directory_accounts.hpp"

#include <utility>

#include <postrider/base/text.hpp>

namespace postrider::flow {

engine::Task<Result<MailAccountRef, AddressFailure>> AccountTable::find(std::string name) {
  name = to_lower(name);
  if (const MailAccountRef* known = known_.find(name)) {
    co_return *known;
  }
  const std::uint64_t version = known_.version();
  auto loaded = co_await accounts_.load_account(name);
  if (!loaded) {
    co_return loaded.error() == store::StoreError::not_found
        ? Result<MailAccountRef, AddressFailure>()
        : failure(AddressFailure::unavailable);
  }
  auto found =
      std::make_shared<const MailAccount>(MailAccount{.name = std::move(loaded->name),
                                                      .disabled = loaded->disabled,
                                                      .keeps_copy = loaded->keeps_copy,
                                                      .forward_to = std::move(loaded->forward_to),
                                                      .quota_bytes = loaded->quota_bytes,
                                                      .quota_messages = loaded->quota_messages});
  known_.keep(name, found, version);
  co_return found;
}

store::MailQuota quota_of(const MailAccount& account, const DomainRef& domain) {
  store::MailQuota quota{account.quota_bytes, account.quota_messages};
  if (domain) {
    quota.size_bytes = quota.size_bytes == 0 ? domain->account_quota_bytes : quota.size_bytes;
    quota.messages = quota.messages == 0 ? domain->account_quota_messages : quota.messages;
    quota.domain_size_bytes = domain->quota_bytes;
    quota.domain_messages = domain->quota_messages;
  }
  return quota;
}

}  // namespace postrider::flow
