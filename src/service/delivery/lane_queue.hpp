#pragma once

#include "item.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <unordered_map>

namespace postrider::delivery {

// What waits for one site: deficit round robin over tenants, so that none waits for another's
// backlog, then classes of priority within a tenant. Cost: constant a push and a pop.
class LaneQueue {
 public:
  void push(ItemRef item);
  // To the front of its tenant's class: it had its turn.
  void push_front(ItemRef item);
  // Null if empty. Items that are gone are dropped on the way.
  [[nodiscard]] ItemRef pop();
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool is_empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size_of(const std::string& tenant, store::Priority priority) const;

 private:
  static constexpr std::size_t classes = 3;
  // In deliveries of a small message to one recipient; larger ones cost more.
  static constexpr std::int64_t quantum = 8;
  // Of so many pops of a tenant, one takes the lowest class that waits: nobody starves.
  static constexpr std::uint32_t lowest_every = 8;

  struct Tenant {
    std::string name;
    std::array<std::deque<ItemRef>, classes> queues;
    std::int64_t deficit = 0;
    std::uint32_t pops = 0;
    [[nodiscard]] bool is_empty() const;
    [[nodiscard]] std::deque<ItemRef>& next();
  };
  Tenant& tenant_of(const Item& item);

  std::list<Tenant> turn_;  // tenants that have something, in their turn; the front one is served
  std::unordered_map<std::string, std::list<Tenant>::iterator> tenants_;
  std::size_t size_ = 0;
};

}  // namespace postrider::delivery
