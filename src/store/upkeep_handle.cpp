#include "upkeep_handle.hpp"

#include "account_check.hpp"
#include "backup.hpp"
#include "point_read.hpp"
#include "record_seal.hpp"

#include <postrider/base/text.hpp>

namespace postrider::store {
namespace {

constexpr int steps_at_once = 16;

}  // namespace

engine::Task<MailResult<std::vector<MailAccountId>>> UpkeepHandle::accounts(MailAccountId after,
                                                                            std::size_t limit) {
  std::vector<MailAccountId> found;
  MailResult<void> result;
  co_await off_core(port_->reactor(), [this, after, limit, &found, &result] {
    const auto first = MailAccountId{static_cast<std::uint64_t>(after) + 1};
    const auto cursor = kv_.walk(Family::mail_account, account_key(first));
    for (; cursor->is_valid() && found.size() < limit; cursor->next()) {
      found.push_back(MailAccountId{parse_be(cursor->key())});
    }
    if (const auto error = cursor->error()) {
      result = failure(mail_error(*error));
    }
  });
  if (!result) {
    co_return failure(result.error());
  }
  co_return found;
}

engine::Task<MailResult<MailAccountId>> UpkeepHandle::find_account(std::string name) {
  name = to_lower(name);
  MailResult<MailAccountId> found = failure(MailError::not_found);
  co_await off_core(port_->reactor(), [this, &name, &found] {
    const auto record = kv_.get(Family::mail_name, name, Read::any);
    if (!record && record.error() != KvError::not_found) {
      found = failure(mail_error(record.error()));
      return;
    }
    if (const auto id = record ? decode_account_id(name, *record)
                               : RecordResult<MailAccountId>(failure(RecordError{}))) {
      found = *id;
      return;
    }
    const auto cursor = kv_.walk(Family::mail_account, {});
    for (; cursor->is_valid(); cursor->next()) {
      const auto account = decode_mail_account(cursor->key(), cursor->value());
      if (account && to_lower(account->name) == name) {
        found = MailAccountId{parse_be(cursor->key())};
        return;
      }
    }
  });
  co_return found;
}

engine::Task<MailResult<AccountReport>> UpkeepHandle::verify(MailAccountId account) {
  std::unique_ptr<const KvReader> snapshot;
  std::unique_ptr<AccountCheck> check;
  bool is_more = true;
  while (is_more) {
    co_await off_core(port_->reactor(), [this, account, &snapshot, &check, &is_more] {
      if (snapshot == nullptr) {
        snapshot = kv_.snapshot();
        check = std::make_unique<AccountCheck>(*snapshot, account);
      }
      for (int i = 0; i < steps_at_once && is_more; ++i) {
        is_more = check->step();
      }
    });
  }
  if (!check->result()) {
    co_return failure(check->result().error());
  }
  co_return check->report();
}

engine::Task<MailResult<AccountReport>> UpkeepHandle::repair(MailAccountId account) {
  return mailboxes_.at_home<AccountReport>(
      account, [account](MailHome& home) { return home.repair(account); });
}

engine::Task<MailResult<PutBackReport>> UpkeepHandle::put_back(MailAccountId account) {
  return mailboxes_.at_home<PutBackReport>(
      account, [account](MailHome& home) { return home.put_back(account); });
}

engine::Task<Result<BackupMade, std::string>> UpkeepHandle::back_up(std::string directory) {
  const auto turn = co_await backing_up_.acquire(1, engine::Until{});  // its holders' waits end
  if (!turn) {
    co_return failure(std::string("the server stops: run this again"));
  }
  Result<BackupMade, std::string> made;
  co_await off_core(port_->reactor(),
                    [this, &directory, &made] { made = make_backup(kv_, directory_, directory); });
  co_return made;
}

}  // namespace postrider::store
