#include "shard.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

// Workers: each takes what its lane's queue gives it, over one connection as long as that serves.
namespace postrider::delivery {

namespace {

constexpr Duration sweep_interval = std::chrono::seconds(1);
constexpr std::uint32_t requeues_max = 3;
constexpr std::size_t starved_tries = 16;
constexpr std::size_t lanes_kept = 1'000;  // unused ones are dropped past this, now and then

}  // namespace

void Shard::pump(Lane& lane) {
  if (halted_ || gate_.is_closed() || lane.queue.is_empty()) {
    return;
  }
  if (lane.health.is_suspended(reactor_.now())) {
    flush_suspended(lane);
    return;
  }
  const std::uint32_t limit = lane.health.limit(reactor_.now());
  while (lane.workers < limit && lane.starting < lane.queue.size()) {
    if (lane.idle.empty() && !make_room_for_connection(lane)) {
      if (!lane.is_starved) {
        lane.is_starved = true;
        starved_.push_back(&lane);
      }
      return;
    }
    auto pass = gate_.enter();
    if (!pass) {
      return;
    }
    ++lane.workers;
    ++lane.starting;
    reactor_.spawn(work(lane, std::move(pass)));
  }
}

void Shard::pump_starved() {
  // A few in turn: each end of a worker makes room for one.
  for (std::size_t i = std::min(starved_.size(), starved_tries); i > 0 && !starved_.empty(); --i) {
    Lane* lane = starved_.front();
    starved_.pop_front();
    lane->is_starved = false;
    pump(*lane);
  }
}

// Whether another connection may be opened for the lane; an idle one of others may have to go.
bool Shard::make_room_for_connection(Lane& lane) {
  const std::uint32_t site_max = site_limits_.at_most;
  if (lane.budget.connections < site_max && connections_ < settings_->connections) {
    return true;
  }
  if (idle_ == 0) {
    return false;
  }
  const bool site_is_full = lane.budget.connections >= site_max;
  for (auto& [key, other] : lanes_) {
    if (!other->idle.empty() && (!site_is_full || &other->budget == &lane.budget)) {
      auto client = std::move(other->idle.front());
      other->idle.erase(other->idle.begin());
      close_idle(std::move(client));
      return true;
    }
  }
  return false;
}

// Nobody is asked while a site is suspended: what waits for it is deferred by its own schedule.
void Shard::flush_suspended(Lane& lane) {
  Verdict verdict;
  verdict.last = lane.last_failure;
  while (ItemRef item = lane.queue.pop()) {
    finish_later(item, same_for_all(*item, verdict));
  }
}

ItemRef Shard::next_item(Lane& lane) {
  const MonoTime now = reactor_.now();
  if (halted_ || gate_.is_closed() || lane.workers > std::max(1U, lane.health.limit(now))) {
    return nullptr;
  }
  if (lane.health.is_suspended(now)) {
    flush_suspended(lane);
    return nullptr;
  }
  return lane.queue.pop();
}

engine::Task<void> Shard::work(Lane& lane, engine::Gate::Pass /*pass*/) {
  Counted site_slot(lane.budget.connections);
  Counted core_slot(connections_);
  std::unique_ptr<ClientConnection> held;
  --lane.starting;
  while (ItemRef item = next_item(lane)) {
    if (!held) {
      held = take_idle(lane);
    }
    if (held && !held->only_domain.empty() && held->only_domain != item->destination().domain) {
      close_idle(std::move(held));
      held.reset();
    }
    item->state = Item::State::active;
    ++active_;
    const std::uint32_t number = JournalNumber{item->attempts() + 1, item->crashes}.encode();
    auto journal = begin_journal(reactor_, *doors_.queue, item->id, number);
    const AttemptDoors doors{reactor_,       *settings_,        *doors_.queue,  *doors_.resolver,
                             memory_,        families_refused_, doors_.tls,     doors_.tls_verified,
                             doors_.anchors, &resumptions_,     doors_.reports, lane.served};
    Attempt attempt(doors, *item, lane.source, journal);
    AttemptResult result = co_await attempt.run(held, gate_.killing());
    // The settlement takes the journal entry away, so that it must not overtake it.
    (void)co_await journal->written.wait({mono_never, {}});  // its result is the settlement's too
    --active_;
    if (item->dns_time >= Duration{}) {
      result.duration.dns = std::chrono::duration<double, std::milli>(item->dns_time).count();
    }
    const bool is_settled = judge_site(lane, *item, result);
    if (is_settled) {
      finish_later(std::move(item), std::move(result));
    } else {
      item->state = Item::State::queued;
      lane.queue.push_front(std::move(item));
      break;
    }
    if (held && held->transactions >= settings_->messages_per_connection) {
      close_idle(std::move(held));
      held.reset();
    }
  }
  --lane.workers;
  if (held) {
    held->site_slot = std::move(site_slot);
    held->core_slot = std::move(core_slot);
    park(lane, std::move(held));
  }
  site_slot = Counted();
  core_slot = Counted();
  pump(lane);
  pump_starved();
}

// Learns from the attempt how the site is. False: the item is to be tried again without having been
// counted, since the site was only busy with us.
bool Shard::judge_site(Lane& lane, Item& item, const AttemptResult& result) {
  using End = AttemptResult::End;
  if (result.end == End::done) {
    lane.health.on_success();
    return true;
  }
  if (result.end != End::unreached) {
    return true;
  }
  for (const auto& verdict : result.verdicts) {
    if (verdict) {
      lane.last_failure = verdict->last;
    }
  }
  // Others of ours are being served right now: it is not down, it wants fewer connections.
  if (lane.served > 0 && !result.is_policy) {
    lane.health.on_busy(lane.served);
    if (item.requeued < requeues_max) {
      ++item.requeued;
      return false;
    }
    return true;
  }
  lane.health.on_failure(reactor_.now(), reactor_.random());
  return true;
}

std::unique_ptr<ClientConnection> Shard::take_idle(Lane& lane) {
  while (!lane.idle.empty()) {
    auto client = std::move(lane.idle.back());
    lane.idle.pop_back();
    --idle_;
    client->is_idle = false;
    client->site_slot = Counted();
    client->core_slot = Counted();
    if (client->is_fresh()) {
      return client;
    }
    client->connection.abort();
  }
  return nullptr;
}

void Shard::park(Lane& lane, std::unique_ptr<ClientConnection> client) {
  if (gate_.is_closed() || settings_->idle_connection <= Duration{}) {
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
  client->site_slot = Counted();
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
  co_await client->quit();
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
  std::unordered_set<const SiteBudget*> used;
  for (const auto& [key, lane] : lanes_) {
    used.insert(&lane->budget);
  }
  std::erase_if(budgets_, [&used](const auto& entry) {
    return entry.second->connections == 0 && !used.contains(entry.second.get());
  });
  lanes_until_drop_ = std::max(lanes_kept, 2 * lanes_.size());
}

std::vector<SiteStatus> Shard::sites() const {
  std::vector<SiteStatus> out;
  const MonoTime now = reactor_.now();
  for (const auto& [key, lane] : lanes_) {
    SiteStatus status;
    status.site = lane->site;
    status.source = lane->source.text();
    status.tls = lane->tls;
    status.core = reactor_.core();
    status.queued = lane->queue.size();
    status.active = lane->workers;
    status.idle = static_cast<std::uint32_t>(lane->idle.size());
    status.limit = lane->health.limit(now);
    if (lane->health.is_suspended(now)) {
      status.suspended_until = reactor_.wall_now() + (lane->health.suspended_until() - now);
    }
    status.last_failure = lane->last_failure;
    status.delivered = lane->delivered;
    status.deferred = lane->deferred;
    status.failed = lane->failed;
    out.push_back(std::move(status));
  }
  return out;
}

}  // namespace postrider::delivery
