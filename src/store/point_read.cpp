#include "point_read.hpp"

#include <utility>

namespace postrider::store {

StoreError store_error(KvError error) {
  switch (error) {
    case KvError::not_found:
      return StoreError::not_found;
    case KvError::corrupt:
      return StoreError::corrupt;
    case KvError::would_block:
    case KvError::io:
      break;
  }
  return StoreError::io;
}

engine::Task<void> off_core(engine::Reactor& reactor, engine::Work work) {
  // (void): without deadline or cancel it can't fail.
  (void)co_await reactor.offload(std::move(work), engine::Until{});
}

engine::Task<StoreResult<std::string>> read_value(engine::Reactor& reactor, const Kv& kv,
                                                  Family family, std::string key) {
  auto value = kv.get(family, key, Read::cached);
  if (!value && value.error() == KvError::would_block) {
    co_await off_core(reactor,
                      [&kv, family, &key, &value] { value = kv.get(family, key, Read::any); });
  }
  if (!value) {
    co_return failure(store_error(value.error()));
  }
  co_return *std::move(value);
}

}  // namespace postrider::store
