#pragma once

#include "kv.hpp"

#include <string>

#include <postrider/engine/reactor.hpp>
#include <postrider/store/store_error.hpp>

namespace postrider::store {

[[nodiscard]] StoreError store_error(KvError error);

// Runs `work`, which reads what may not be in memory, on the pool.
engine::Task<void> off_core(engine::Reactor& reactor, engine::Work work);

// One value by its key: at once if it is in memory, else read off the core. `kv` outlives the Task.
engine::Task<StoreResult<std::string>> read_value(engine::Reactor& reactor, const Kv& kv,
                                                  Family family, std::string key);

}  // namespace postrider::store
