#include "queue_scan.hpp"

#include <unordered_map>

namespace postrider::control {

namespace {

constexpr std::size_t slice = 256;

using ActiveSites = std::unordered_map<DeliveryId, std::string>;

engine::Task<ActiveSites> active_sites(ControlPorts& ports) {
  ActiveSites sites;
  if (ports.live != nullptr) {
    for (auto& active : co_await ports.live->active()) {
      sites.emplace(active.delivery, std::move(active.site));
    }
  }
  co_return sites;
}

}  // namespace

engine::Task<store::StoreResult<ScanEnd>> scan_rows(ControlPorts& ports, const ScanOptions& options,
                                                    std::function<void(const Row&)> visit) {
  const auto active = co_await active_sites(ports);
  ScanEnd end{.last = options.after};
  for (;;) {
    auto page = co_await ports.queue.scan({.after = end.last, .limit = slice});
    if (!page) {
      co_return failure(page.error());
    }
    for (const auto& stored : *page) {
      if (end.visited >= options.rows_max) {
        end.more = true;
        co_return end;
      }
      const DeliveryId id{stored.envelope->id, stored.number};
      const auto found = active.find(id);
      const bool is_active = found != active.end();
      for (const auto& row : rows_of(stored, is_active, is_active ? found->second : std::string(),
                                     ports.reactor.wall_now())) {
        if (options.where.matches(row)) {
          visit(row);
          ++end.visited;
        }
      }
      end.last = id;
    }
    if (page->size() < slice) {
      co_return end;
    }
  }
}

}  // namespace postrider::control
