#pragma once

#include "kv.hpp"

#include <string>

#include <postrider/engine/reactor.hpp>
#include <postrider/store/store_error.hpp>

namespace postrider::store {

[[nodiscard]] StoreError store_error(KvError error);

// One value by its key: at once if it is in memory, else read off the core. `kv` outlives the Task.
engine::Task<StoreResult<std::string>> read_value(engine::Reactor& reactor, const Kv& kv,
                                                  Family family, std::string key);

}  // namespace postrider::store
