#include "lane_queue.hpp"

#include <algorithm>
#include <utility>

namespace postrider::delivery {

namespace {

constexpr std::uint64_t octets_per_cost = 256 * 1024;
constexpr std::size_t recipients_per_cost = 10;

std::int64_t cost_of(const Item& item) {
  return 1 + static_cast<std::int64_t>(item.envelope->size_octets / octets_per_cost) +
         static_cast<std::int64_t>(item.destination().recipients.size() / recipients_per_cost);
}

}  // namespace

bool LaneQueue::Tenant::is_empty() const {
  return std::ranges::all_of(queues, [](const auto& queue) { return queue.empty(); });
}

std::deque<ItemRef>& LaneQueue::Tenant::next() {
  const bool lowest_first = ++pops % lowest_every == 0;
  for (std::size_t i = 0; i < classes; ++i) {
    auto& queue = queues[lowest_first ? classes - 1 - i : i];
    if (!queue.empty()) {
      return queue;
    }
  }
  std::unreachable();
}

LaneQueue::Tenant& LaneQueue::tenant_of(const Item& item) {
  const std::string& name = item.envelope->tenant;
  auto found = tenants_.find(name);
  if (found == tenants_.end()) {
    turn_.push_back(Tenant{name, {}, quantum, 0});
    found = tenants_.emplace(name, std::prev(turn_.end())).first;
  }
  ++size_;
  return *found->second;
}

void LaneQueue::push(ItemRef item) {
  auto& queue = tenant_of(*item).queues[static_cast<std::size_t>(item->envelope->priority)];
  queue.push_back(std::move(item));
}

void LaneQueue::push_front(ItemRef item) {
  auto& queue = tenant_of(*item).queues[static_cast<std::size_t>(item->envelope->priority)];
  queue.push_front(std::move(item));
}

ItemRef LaneQueue::pop() {
  while (!turn_.empty()) {
    Tenant& tenant = turn_.front();
    if (tenant.is_empty()) {
      tenants_.erase(tenant.name);
      turn_.pop_front();
      continue;
    }
    if (tenant.deficit <= 0) {
      tenant.deficit += quantum;
      turn_.splice(turn_.end(), turn_, turn_.begin());
      continue;
    }
    auto& queue = tenant.next();
    ItemRef item = std::move(queue.front());
    queue.pop_front();
    --size_;
    if (item->state == Item::State::gone) {
      continue;
    }
    tenant.deficit -= cost_of(*item);
    return item;
  }
  return nullptr;
}

std::size_t LaneQueue::size_of(const std::string& tenant, store::Priority priority) const {
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? 0
                                 : found->second->queues[static_cast<std::size_t>(priority)].size();
}

}  // namespace postrider::delivery
