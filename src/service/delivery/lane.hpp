#pragma once

#include "client_connection.hpp"
#include "item.hpp"
#include "lane_queue.hpp"
#include "site_health.hpp"
#include "site_leases.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <postrider/store/queue_records.hpp>

namespace postrider::delivery {

// What goes to one site from one source address under one TLS policy: its queue, its connections,
// its health. One domain's broken policy suspends this lane and none of its neighbours.
struct Lane {
  Lane(std::string lane_key, const SiteLimits& limits, SiteLeases& leases, std::string budget,
       SiteLease::Events events)
      : key(std::move(lane_key)),
        health(limits),
        lease(leases, std::move(budget), key, std::move(events)) {}

  std::string key;
  std::string site;
  std::string tls;  // identity of the policy
  SourceAddresses source;
  LaneQueue queue;
  SiteHealth health;
  SiteLease lease;  // of the budget of the site and the source, which all its lanes share
  std::uint32_t workers = 0;
  std::uint32_t starting = 0;  // workers that have not taken anything yet
  std::uint32_t served = 0;    // connections that the site has greeted, idle ones included
  std::vector<std::unique_ptr<ClientConnection>> idle;  // the latest last
  bool is_starved = false;  // waits for a connection of the core's budget
  store::LastReply last_failure;
  std::uint64_t delivered = 0;
  std::uint64_t deferred = 0;
  std::uint64_t failed = 0;

  [[nodiscard]] bool is_unused() const {
    return workers == 0 && idle.empty() && queue.is_empty() && lease.is_unused() &&
           !health.is_probing();
  }
};

}  // namespace postrider::delivery
