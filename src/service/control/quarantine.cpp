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

engine::Task<store::StoreResult<HeldIndex>> index_quarantine(store::QueueStore& queue,
                                                             std::size_t entries_max) {
  HeldIndex out;
  std::size_t count = 0;
  const auto walked = co_await walk_quarantine(queue, {}, [&](const store::StoredDelivery& stored) {
    const auto& destinations = stored.envelope->destinations;
    if (stored.number < destinations.size()) {
      for (const store::Recipient& recipient : destinations[stored.number].recipients) {
        if (recipient.local.kind == store::LocalKind::mailbox) {
          auto& held = out.held[recipient.local.name];
          if (held.empty() || held.back() != stored.envelope->id) {
            held.push_back(stored.envelope->id);
            ++count;
          }
        }
      }
    }
    return count < entries_max;
  });
  if (!walked) {
    co_return failure(walked.error());
  }
  out.is_all = !*walked;
  co_return out;
}

}  // namespace postrider::control
