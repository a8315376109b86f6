#include "account_handle.hpp"

#include "account_codec.hpp"
#include "point_read.hpp"

#include <utility>

#include <postrider/base/text.hpp>

namespace postrider::store {

engine::Task<StoreResult<std::vector<AccountHandle::Named>>> AccountHandle::list(
    Family family, std::string after, std::size_t limit) {
  std::vector<Named> found;
  std::optional<KvError> error;
  co_await off_core(port_->reactor(), [this, family, &after, limit, &found, &error] {
    const auto cursor = kv_.walk(family, after.empty() ? after : after + '\0');
    for (; cursor->is_valid() && found.size() < limit; cursor->next()) {
      found.push_back({std::string(cursor->key()), std::string(cursor->value())});
    }
    error = cursor->error();
  });
  if (error) {
    co_return failure(store_error(*error));
  }
  co_return found;
}

engine::Task<StoreResult<void>> AccountHandle::save(SaveNameWork work) {
  auto request = std::make_unique<Request>();
  request->work = std::move(work);
  return CorePort::submit(port_, std::move(request));
}

engine::Task<StoreResult<void>> AccountHandle::remove(Family family, std::string key) {
  auto request = std::make_unique<Request>();
  request->work = RemoveNameWork{family, std::move(key)};
  return CorePort::submit(port_, std::move(request));
}

engine::Task<StoreResult<Account>> AccountHandle::load_account(std::string name) {
  const std::string key = name_key(name);
  const auto value = co_await read_value(port_->reactor(), kv_, Family::account, key);
  if (!value) {
    co_return failure(value.error());
  }
  auto account = decode_account(key, *value);
  if (!account) {
    co_return failure(StoreError::corrupt);
  }
  co_return *std::move(account);
}

engine::Task<StoreResult<void>> AccountHandle::save_account(Account account, bool expect_new) {
  account.name = to_lower(account.name);
  return save({Family::account, name_key(account.name), encode_account(account), expect_new});
}

engine::Task<StoreResult<void>> AccountHandle::remove_account(std::string name) {
  return remove(Family::account, name_key(name));
}

engine::Task<StoreResult<std::vector<Account>>> AccountHandle::list_accounts(std::string after,
                                                                             std::size_t limit) {
  const auto records = co_await list(Family::account, name_key(after), limit);
  if (!records) {
    co_return failure(records.error());
  }
  std::vector<Account> accounts;
  for (const Named& record : *records) {
    auto account = decode_account(record.key, record.value);
    // One that can't be read is seen, and closed, here; load_account() answers corrupt.
    accounts.push_back(account ? *std::move(account)
                               : Account{.name = record.key, .disabled = true});
  }
  co_return accounts;
}

engine::Task<StoreResult<Domain>> AccountHandle::load_domain(std::string name) {
  const std::string key = name_key(name);
  const auto value = co_await read_value(port_->reactor(), kv_, Family::domain, key);
  if (!value) {
    co_return failure(value.error());
  }
  auto domain = decode_domain(key, *value);
  if (!domain) {
    co_return failure(StoreError::corrupt);
  }
  co_return *std::move(domain);
}

engine::Task<StoreResult<void>> AccountHandle::save_domain(Domain domain, bool expect_new) {
  domain.name = to_lower(domain.name);
  return save({Family::domain, name_key(domain.name), encode_domain(domain), expect_new});
}

engine::Task<StoreResult<void>> AccountHandle::remove_domain(std::string name) {
  return remove(Family::domain, name_key(name));
}

engine::Task<StoreResult<std::vector<Domain>>> AccountHandle::list_domains(std::string after,
                                                                           std::size_t limit) {
  const auto records = co_await list(Family::domain, name_key(after), limit);
  if (!records) {
    co_return failure(records.error());
  }
  std::vector<Domain> domains;
  for (const Named& record : *records) {
    auto domain = decode_domain(record.key, record.value);
    domains.push_back(domain ? *std::move(domain) : Domain{.name = record.key});
  }
  co_return domains;
}

engine::Task<StoreResult<Alias>> AccountHandle::load_alias(std::string address) {
  const std::string key = name_key(address);
  const auto value = co_await read_value(port_->reactor(), kv_, Family::alias, key);
  if (!value) {
    co_return failure(value.error());
  }
  auto alias = decode_alias(key, *value);
  if (!alias) {
    co_return failure(StoreError::corrupt);
  }
  co_return *std::move(alias);
}

engine::Task<StoreResult<void>> AccountHandle::save_alias(Alias alias, bool expect_new) {
  alias.address = to_lower(alias.address);
  return save({Family::alias, name_key(alias.address), encode_alias(alias), expect_new});
}

engine::Task<StoreResult<void>> AccountHandle::remove_alias(std::string address) {
  return remove(Family::alias, name_key(address));
}

engine::Task<StoreResult<std::vector<Alias>>> AccountHandle::list_aliases(std::string after,
                                                                          std::size_t limit) {
  const auto records = co_await list(Family::alias, name_key(after), limit);
  if (!records) {
    co_return failure(records.error());
  }
  std::vector<Alias> aliases;
  for (const Named& record : *records) {
    auto alias = decode_alias(record.key, record.value);
    aliases.push_back(alias ? *std::move(alias) : Alias{.address = record.key});
  }
  co_return aliases;
}

engine::Task<StoreResult<std::string>> AccountHandle::server_secret() {
  co_return secret_;
}

}  // namespace postrider::store
