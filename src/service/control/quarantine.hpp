#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

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

// Accounts, and the messages in quarantine that are for each, in order of arrival.
using HeldByAccount = std::map<std::string, std::vector<MessageId>, std::less<>>;
struct HeldIndex {
  HeldByAccount held;
  bool is_all = true;  // else there were more than so many
};
[[nodiscard]] engine::Task<store::StoreResult<HeldIndex>> index_quarantine(store::QueueStore& queue,
                                                                           std::size_t entries_max);

}  // namespace postrider::control
