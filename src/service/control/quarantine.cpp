#include "quarantine.hpp"

#include <utility>

namespace postrider::control {

namespace {

constexpr std::size_t slice = 256;

}  // namespace

bool is_quarantined(const store::StoredDelivery& stored) {
  return stored.envelope->disposition == store::Disposition::quarantine &&
         (!stored.progress || stored.progress->held);
}

engine::Task<store::StoreResult<std::optional<DeliveryId>>> walk_quarantine(
    store::QueueStore& queue, DeliveryId after,
    std::function<bool(const store::StoredDelivery&)> visit) {
  while (true) {
    const auto page = co_await queue.scan({.after = after, .limit = slice});
    if (!page) {
      co_return failure(page.error());
    }
    for (const store::StoredDelivery& stored : *page) {
      after = {stored.envelope->id, stored.number};
      if (is_quarantined(stored) && !visit(stored)) {
        co_return std::optional(after);
      }
    }
    if (page->size() < slice) {
      co_return std::nullopt;
    }
  }
}

}  // namespace postrider::control
