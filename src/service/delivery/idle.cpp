#include "shard.hpp"

#include <algorithm>
#include <utility>

// Connections that no worker uses, and how they end.
namespace postrider::delivery {

namespace {

constexpr Duration sweep_interval = std::chrono::seconds(1);
constexpr std::size_t lanes_kept = 1'000;  // unused ones are dropped past this, now and then

}  // namespace

// The latest that can be used, with its places. Where none can, the places that one of them had: a
// new connection takes them over.
Shard::Start Shard::take_idle(Lane& lane) {
  Start out;
  while (!lane.idle.empty() && !out.held) {
    auto client = std::move(lane.idle.back());
    lane.idle.pop_back();
    --idle_;
    client->is_idle = false;
    out.site_slot = std::move(client->site_slot);
    out.core_slot = std::move(client->core_slot);
    if (client->is_fresh()) {
      out.held = std::move(client);
    } else {
      client->connection.abort();
    }
  }
  return out;
}

void Shard::park(Lane& lane, std::unique_ptr<ClientConnection> client) {
  const bool is_wanted_elsewhere = lane.lease.recalled() > 0;
  if (gate_.is_closed() || settings_->idle_connection <= Duration{} || is_wanted_elsewhere) {
    close_idle(std::move(client));
    return;
  }
  client->is_idle = true;
  client->idle_since = reactor_.now();
  lane.idle.push_back(std::move(client));
  ++idle_;
  if (!is_sweeping_) {
    if (auto pass = gate_.enter()) {
      is_sweeping_ = true;
      reactor_.spawn(sweep(std::move(pass)));
    }
  }
}

void Shard::close_idle(std::unique_ptr<ClientConnection> client) {
  if (client->is_idle) {
    --idle_;
  }
  client->site_slot.leave();  // the site counts the connection until it has ended
  client->core_slot = Counted();
  client->served = Counted();
  auto pass = gate_.enter();
  if (pass) {
    reactor_.spawn(say_goodbye(std::move(client), std::move(pass)));
  } else {
    client->connection.abort();
  }
}

engine::Task<void> Shard::say_goodbye(std::unique_ptr<ClientConnection> client,
                                      engine::Gate::Pass /*pass*/) {
  co_await client->quit(gate_.closing());
}

// Ends a worker's connection before it opens the next in its place.
engine::Task<void> Shard::part(std::unique_ptr<ClientConnection> client) {
  client->served = Counted();
  co_await client->quit(gate_.closing());
}

// Others wait for a connection to the lane's site. Workers look for themselves.
void Shard::on_recalled(Lane& lane) {
  while (lane.lease.recalled() > 0 && !lane.idle.empty()) {
    auto client = std::move(lane.idle.front());
    lane.idle.erase(lane.idle.begin());
    close_idle(std::move(client));
  }
  pump_starved();
}

// Closes what has been idle for too long, while there is anything idle.
engine::Task<void> Shard::sweep(engine::Gate::Pass /*pass*/) {
  while (idle_ > 0 && !gate_.is_closed()) {
    co_await reactor_.sleep_for(std::min(sweep_interval, settings_->idle_connection),
                                gate_.closing());
    for (auto& [key, lane] : lanes_) {
      std::erase_if(lane->idle, [this](auto& client) {
        const bool is_old = reactor_.now() - client->idle_since >= settings_->idle_connection;
        if (is_old || !client->is_fresh()) {
          close_idle(std::move(client));
          return true;
        }
        return false;
      });
    }
  }
  is_sweeping_ = false;
  pump_starved();
}

void Shard::drop_unused_lanes() {
  std::erase_if(lanes_, [](const auto& entry) {
    return entry.second->is_unused() && !entry.second->is_starved;
  });
  lanes_until_drop_ = std::max(lanes_kept, 2 * lanes_.size());
}

}  // namespace postrider::delivery
