#pragma once

#include "resolver_lookup.hpp"

#include <memory>

#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::net {

// Asks each server for the keys of the highest trust anchor, and for what that zone has not; sets
// the status and the servers' ranks. One at a time: who comes while one is under way waits for it.
[[nodiscard]] engine::Task<void> check_path(std::shared_ptr<ResolverShared> shared,
                                            engine::Until until);

// After a lookup that failed while it was to be validated: whether that was because the path is
// stripped, so that it is worth another try without validation. Looks at the path anew unless that
// was done lately.
[[nodiscard]] engine::Task<bool> is_path_stripped(std::shared_ptr<ResolverShared> shared,
                                                  engine::Until until);

// Checks at once, and then every path_check_interval, sooner while not all is well; until the
// resolver ends.
[[nodiscard]] engine::Task<void> watch_path(std::shared_ptr<ResolverShared> shared);

}  // namespace postrider::net
