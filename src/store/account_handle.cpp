#include "account_handle.hpp"

#include "point_read.hpp"

#include <utility>

#include <postrider/base/text.hpp>

namespace postrider::store {

engine::Task<StoreResult<std::vector<AccountHandle::Named>>> AccountHandle::scan(
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

template <class Record>
engine::Task<StoreResult<Record>> AccountHandle::load(Family family, std::string key,
                                                      Decode<Record> decode) {
  const auto value = co_await read_value(port_->reactor(), kv_, family, key);
  if (!value) {
    co_return failure(value.error());
  }
  auto record = decode(key, *value);
  if (!record) {
    co_return failure(StoreError::corrupt);
  }
  co_return *std::move(record);
}

template <class Record>
engine::Task<StoreResult<std::vector<Record>>> AccountHandle::list(
    Family family, std::string after, std::size_t limit, Decode<Record> decode,
    Record (*unreadable)(std::string name)) {
  const auto found = co_await scan(family, std::move(after), limit);
  if (!found) {
    co_return failure(found.error());
  }
  std::vector<Record> records;
  for (const Named& named : *found) {
    auto record = decode(named.key, named.value);
    records.push_back(record ? *std::move(record) : unreadable(named.key));
  }
  co_return records;
}

engine::Task<StoreResult<Account>> AccountHandle::load_account(std::string name) {
  return load(Family::account, name_key(name), decode_account);
}

engine::Task<StoreResult<void>> AccountHandle::save_account(Account account, bool expect_new) {
  account.name = to_lower(account.name);
  SaveNameWork work{Family::account, name_key(account.name), encode_account(account), expect_new};
  if (!expect_new) {
    co_return co_await save(std::move(work));
  }
  // (void): what can't be counted is held to no limit.
  (void)co_await mailboxes_.usages().counted(port_->reactor());
  const auto saved = co_await save(std::move(work));
  if (saved) {
    co_await mailboxes_.recount(account.name);  // there may be mail of one that had the name
  }
  co_return saved;
}

engine::Task<StoreResult<void>> AccountHandle::remove_account(std::string name) {
  (void)co_await mailboxes_.usages().counted(port_->reactor());  // as above
  const auto removed = co_await remove(Family::account, name_key(name));
  if (removed) {
    co_await mailboxes_.recount(std::move(name));
  }
  co_return removed;
}

engine::Task<StoreResult<std::vector<Account>>> AccountHandle::list_accounts(std::string after,
                                                                             std::size_t limit) {
  return list<Account>(
      Family::account, name_key(after), limit, decode_account,
      [](std::string name) { return Account{.name = std::move(name), .disabled = true}; });
}

engine::Task<StoreResult<Domain>> AccountHandle::load_domain(std::string name) {
  return load(Family::domain, name_key(name), decode_domain);
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
  return list<Domain>(Family::domain, name_key(after), limit, decode_domain,
                      [](std::string name) { return Domain{.name = std::move(name)}; });
}

engine::Task<StoreResult<Alias>> AccountHandle::load_alias(std::string address) {
  return load(Family::alias, name_key(address), decode_alias);
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
  return list<Alias>(Family::alias, name_key(after), limit, decode_alias,
                     [](std::string address) { return Alias{.address = std::move(address)}; });
}

engine::Task<StoreResult<std::string>> AccountHandle::server_secret() {
  co_return secret_;
}

}  // namespace postrider::store
