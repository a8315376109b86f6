#include "account_check.hpp"
#include "account_codec.hpp"
#include "mail_home.hpp"
#include "point_read.hpp"

#include <postrider/base/text.hpp>

// An account's part in what its domain uses.
namespace postrider::store {
namespace {

// Of a mailbox whose row can't be read: what its index names.
MailResult<MailUsage> usage_of_index(const Kv& kv, MailAccountId account, MailboxId id) {
  MailboxState box;
  auto pages = load_pages(kv, account, id);
  if (!pages) {
    return failure(pages.error());
  }
  box.pages = *std::move(pages);
  MailUsage sum;
  const std::string prefix = mailbox_key(account, id);
  const auto cursor = kv.walk(Family::mail, prefix, past(prefix));
  for (; cursor->is_valid(); cursor->next()) {
    const auto mail = parse_mail_key(cursor->key());
    const auto facts = decode_facts(cursor->key(), cursor->value());
    if (mail && facts && box.has(mail->uid)) {
      sum.size_bytes += facts->size_bytes();
      ++sum.messages;
    }
  }
  return sum;
}

struct LostPart {
  std::string name;
  MailUsage usage;
};

// What the record of an account said before it could not be read any more: its mailboxes' rows were
// written in the same batches. nullopt: it can be read, or nobody can say.
std::optional<LostPart> find_lost_part(const Kv& kv, MailAccountId account) {
  const std::string key = account_key(account);
  const auto record = kv.get(Family::mail_account, key, Read::any);
  if (record ? decode_mail_account(key, *record).has_value()
             : record.error() != KvError::not_found) {
    return std::nullopt;
  }
  LostPart part;
  bool has_rows = false;
  const auto rows = kv.walk(Family::mailbox, key, past(key));
  for (; rows->is_valid(); rows->next()) {
    has_rows = true;
    const auto id = parse_mailbox_key(rows->key());
    const auto row = decode_mailbox(rows->key(), rows->value());
    MailUsage usage;
    if (row && !row->is_removed()) {
      usage = {row->counts.size_bytes, row->counts.messages};
    } else if (!row && id) {
      usage = usage_of_index(kv, account, *id).value_or(MailUsage{});
    }
    part.usage.size_bytes += usage.size_bytes;
    part.usage.messages += usage.messages;
  }
  const auto names = kv.walk(Family::mail_name, {}, {});
  for (; has_rows && names->is_valid(); names->next()) {
    const auto id = decode_account_id(names->key(), names->value());
    if (id && *id == account) {
      part.name = names->key();
      return part;
    }
  }
  return std::nullopt;
}

}  // namespace

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
  const bool was_unread = usages_.is_unread(account.id);
  const MailUsage& usage = account.record.usage;
  if (account.domain == nullptr) {  // else it has been loaded before, and what was counted is known
    account.domain = &usages_.of(account.record.name);
    // While all are counted after a start the directory does not change: both say the same.
    account.is_counted = usages_.is_counted() ? usages_.counts(account.id) : is_known;
    account.counted = account.is_counted && !was_unread ? usage : MailUsage{};
  }
  if (was_unread && account.is_counted) {
    account.domain->add(difference(usage, account.counted));
    account.counted = usage;
  }
  if (was_unread) {
    usages_.set_unread(account.id, false);
  }
}

engine::Task<void> MailHome::leave_domain(AccountMail& account) {
  if (!co_await usages_.counted(port_->reactor()) || usages_.is_unread(account.id)) {
    co_return;
  }
  std::optional<LostPart> lost;
  co_await off_core(port_->reactor(),
                    [this, &account, &lost] { lost = find_lost_part(kv_, account.id); });
  if (!lost) {
    co_return;
  }
  if (account.domain != nullptr) {
    account.domain->add(difference({}, account.counted));
    account.counted = {};
  } else if (usages_.counts(account.id)) {
    usages_.of(lost->name).add(difference({}, lost->usage));
  }
  usages_.set_unread(account.id, true);
}

engine::Task<void> MailHome::rejoin_domain(AccountMail& account, const AccountCheck& found) {
  if (!found.record()) {
    co_await leave_domain(account);
  }
  (void)co_await usages_.counted(port_->reactor());  // if not, nothing is held to it either
  const auto known =
      co_await read_value(port_->reactor(), kv_, Family::account, name_key(found.name()));
  if (account.domain == nullptr) {
    account.domain = &usages_.of(found.name());
    account.is_counted = usages_.counts(account.id);
    account.counted = account.is_counted && found.record() && !usages_.is_unread(account.id)
                          ? found.record()->usage
                          : MailUsage{};
  }
  usages_.set_unread(account.id, false);
  // The directory may have got or lost it while it could not be loaded.
  if (known || known.error() == StoreError::not_found) {
    account.is_counted = known.has_value();
    usages_.set_counts(account.id, account.is_counted);
  }
  if (!account.is_counted) {
    account.domain->add(difference({}, account.counted));
    account.counted = {};
  }
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
