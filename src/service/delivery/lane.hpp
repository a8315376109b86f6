#pragma once

#include "client_connection.hpp"
#include "item.hpp"
#include "lane_queue.hpp"
#include "site_health.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <postrider/store/queue_records.hpp>

namespace postrider::delivery {

// Connections of ours to one site from one source address, over all policies.
struct SiteBudget {
  std::uint32_t connections = 0;
};

// What goes to one site from one source address under one TLS policy: its queue, its connections,
// its health. One domain's broken policy suspends this lane and none of its neighbours.
struct Lane {
  Lane(std::string lane_key, const SiteLimits& limits, SiteBudget& site_budget)
      : key(std::move(lane_key)), health(limits), budget(site_budget) {}

  std::string key;
  std::string site;
  std::string tls;  // identity of the policy
  SourceAddresses source;
  LaneQueue queue;
  SiteHealth health;
  SiteBudget& budget;
  std::uint32_t workers = 0;
  std::uint32_t starting = 0;  // workers that have not taken anything yet
  std::uint32_t served = 0;    // connections that the site has greeted, idle ones included
  std::vector<std::unique_ptr<ClientConnection>> idle;  // the latest last
  bool is_starved = false;  // waits for a connection of the core's or the site's budget
  store::LastReply last_failure;
  std::uint64_t delivered = 0;
  std::uint64_t deferred = 0;
  std::uint64_t failed = 0;

  [[nodiscard]] bool is_unused() const {
    return workers == 0 && idle.empty() && queue.is_empty() && !health.is_probing();
  }
};

}  // namespace postrider::delivery
