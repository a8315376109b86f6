#include "account_codec.hpp"
#include "mail_home.hpp"
#include "point_read.hpp"

#include <postrider/base/text.hpp>

// An account's part in what its domain uses.
namespace postrider::store {

engine::Task<bool> MailHome::knows_domain(MailQuota quota) {
  if (quota.domain_size_bytes == 0 && quota.domain_messages == 0) {
    co_return true;
  }
  co_return co_await usages_.counted(port_->reactor());
}

bool MailHome::take_room(AccountMail& account, const MailUsage& change, const MailQuota& quota) {
  if (account.domain == nullptr || !account.is_counted) {
    return true;
  }
  const MailUsage more = growth(change);
  if (!account.domain->try_add(more, {quota.domain_size_bytes, quota.domain_messages})) {
    return false;
  }
  account.counted.size_bytes += more.size_bytes;
  account.counted.messages += more.messages;
  return true;
}

void MailHome::join_domain(AccountMail& account, bool is_known) {
  if (account.domain != nullptr) {
    return;  // it has been loaded before, and what was counted is known
  }
  account.domain = &usages_.of(account.record.name);
  // While all are counted after a start the directory does not change: both say the same.
  account.is_counted = usages_.is_counted() ? usages_.counts(account.id) : is_known;
  account.counted = account.is_counted ? account.record.usage : MailUsage{};
}

engine::Task<MailResult<void>> MailHome::recount(MailAccountId id) {
  auto held = co_await hold(id, See::records);
  if (!held) {
    co_return failure(held.error());
  }
  AccountMail& account = **held;
  const auto known =
      co_await read_value(port_->reactor(), kv_, Family::account, name_key(account.record.name));
  if (!known && known.error() != StoreError::not_found) {
    co_return failure(mail_error(known.error()));
  }
  if (known.has_value() == account.is_counted) {
    co_return MailResult<void>{};
  }
  account.is_counted = known.has_value();
  const MailUsage wanted = account.is_counted ? account.record.usage : MailUsage{};
  account.domain->add(difference(wanted, account.counted));
  account.counted = wanted;
  usages_.set_counts(id, account.is_counted);
  co_return MailResult<void>{};
}

}  // namespace postrider::store
