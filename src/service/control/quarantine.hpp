#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include <postrider/engine/task.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::control {

// Judged so when it came in, and not released since.
[[nodiscard]] bool is_quarantined(const store::StoredDelivery& stored);

// Walks the queue in order of arrival after `after`, in slices, and calls `visit` for what is in
// quarantine until that says false. Out: the last delivery that was visited, if more may follow.
// Cost: proportional to the queue; never run by mail itself.
[[nodiscard]] engine::Task<store::StoreResult<std::optional<DeliveryId>>> walk_quarantine(
    store::QueueStore& queue, DeliveryId after,
    std::function<bool(const store::StoredDelivery&)> visit);

}  // namespace postrider::control
