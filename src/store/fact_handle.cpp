#include "fact_handle.hpp"

#include "point_read.hpp"
#include "record_codec.hpp"

#include <utility>

namespace postrider::store {

std::string fact_key(FactKind kind, std::string_view name) {
  std::string key(1, static_cast<char>(kind));
  key += name;
  return key;
}

engine::Task<StoreResult<std::string>> FactHandle::load(FactKind kind, std::string name) {
  const std::string key = fact_key(kind, name);
  const auto value = co_await read_value(port_->reactor(), kv_, Family::fact, key);
  if (!value) {
    co_return failure(value.error());
  }
  auto word = decode_word(key, *value);
  if (!word) {
    co_return failure(StoreError::corrupt);
  }
  co_return *std::move(word);
}

engine::Task<StoreResult<void>> FactHandle::save(FactKind kind, std::vector<Fact> facts) {
  ChangeFactsWork work;
  for (const Fact& fact : facts) {
    std::string key = fact_key(kind, fact.name);
    std::string record = encode_word(key, fact.value);
    work.put.emplace_back(std::move(key), std::move(record));
  }
  auto request = std::make_unique<Request>();
  request->work = std::move(work);
  return CorePort::submit(port_, std::move(request));
}

engine::Task<StoreResult<void>> FactHandle::remove(FactKind kind, std::vector<std::string> names) {
  ChangeFactsWork work;
  for (const std::string& name : names) {
    work.remove.push_back(fact_key(kind, name));
  }
  auto request = std::make_unique<Request>();
  request->work = std::move(work);
  return CorePort::submit(port_, std::move(request));
}

engine::Task<StoreResult<std::vector<Fact>>> FactHandle::list(FactKind kind, std::string after,
                                                              std::size_t limit) {
  std::vector<Fact> found;
  std::optional<KvError> error;
  std::string from = fact_key(kind, after);
  if (!after.empty()) {
    from += '\0';
  }
  const std::string until(1, static_cast<char>(static_cast<std::uint8_t>(kind) + 1));
  co_await off_core(port_->reactor(), [this, limit, &from, &until, &found, &error] {
    const auto cursor = kv_.walk(Family::fact, from, until);
    for (; cursor->is_valid() && found.size() < limit; cursor->next()) {
      auto word = decode_word(cursor->key(), cursor->value());
      found.push_back(
          {std::string(cursor->key().substr(1)), word ? *std::move(word) : std::string()});
    }
    error = cursor->error();
  });
  if (error) {
    co_return failure(store_error(*error));
  }
  co_return found;
}

}  // namespace postrider::store
