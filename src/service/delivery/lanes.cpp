#include "shard.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

// Workers: each takes what its lane's queue gives it, over one connection as long as that serves.
namespace postrider::delivery {

namespace {

// A connection that others wait for serves its lane so long before it is given up.
constexpr Duration lease_turn = std::chrono::seconds(1);
constexpr std::uint32_t requeues_max = 3;
constexpr std::size_t starved_tries = 16;

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
    Start start = take_idle(lane);
    if (!start.site_slot) {
      const std::uint32_t asked = lane.lease.asked();
      if (lane.workers + asked >= limit || lane.starting + asked >= lane.queue.size()) {
        return;
      }
      if (!make_room_for_connection()) {
        starve(lane);
        return;
      }
      start.site_slot = lane.lease.ask();
      if (!start.site_slot) {
        continue;  // on_granted() goes on
      }
      start.core_slot = Counted(connections_);
    }
    begin(lane, std::move(start));
  }
}

void Shard::begin(Lane& lane, Start start) {
  if (auto pass = gate_.enter()) {
    ++lane.workers;
    ++lane.starting;
    reactor_.spawn(work(lane, std::move(start), std::move(pass)));
  }
}

// A place in the site's budget that the lane has waited for; it goes back if there is no use for it
// any more.
void Shard::on_granted(Lane& lane, SiteSlot slot) {
  const bool is_needed =
      lane.workers < lane.health.limit(reactor_.now()) && lane.starting < lane.queue.size();
  if (!is_needed || halted_) {
    return;
  }
  if (!make_room_for_connection()) {
    starve(lane);
    return;
  }
  begin(lane, {std::move(slot), Counted(connections_), nullptr});
}

void Shard::starve(Lane& lane) {
  if (!lane.is_starved) {
    lane.is_starved = true;
    starved_.push_back(&lane);
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

// Whether this core may open another connection; an idle one may have to go.
bool Shard::make_room_for_connection() {
  if (connections_ < settings_->connections) {
    return true;
  }
  for (auto& [key, other] : lanes_) {
    if (idle_ > 0 && !other->idle.empty()) {
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

ItemRef Shard::next_item(Lane& lane, MonoTime began) {
  const MonoTime now = reactor_.now();
  if (halted_ || gate_.is_closed() || lane.workers > std::max(1U, lane.health.limit(now))) {
    return nullptr;
  }
  if (lane.health.is_suspended(now)) {
    flush_suspended(lane);
    return nullptr;
  }
  if (lane.lease.recalled() > 0 && now - began >= lease_turn) {
    return nullptr;
  }
  return lane.queue.pop();
}

std::shared_ptr<JournalRide> Shard::journal_of(Item& item) {
  if (std::exchange(item.is_begun, false)) {
    return begun_journal(reactor_);
  }
  const std::uint32_t number = JournalNumber{item.attempts() + 1, item.crashes}.encode();
  return begin_journal(reactor_, *doors_.queue, item.id, number);
}

engine::Task<void> Shard::work(Lane& lane, Start start, engine::Gate::Pass /*pass*/) {
  std::unique_ptr<ClientConnection>& held = start.held;
  const MonoTime began = reactor_.now();
  --lane.starting;
  while (ItemRef item = next_item(lane, began)) {
    if (held && !held->only_domain.empty() && held->only_domain != item->destination().domain) {
      co_await part(std::exchange(held, nullptr));
    }
    item->state = Item::State::active;
    ++active_;
    auto journal = journal_of(*item);
    const AttemptDoors doors{reactor_,       *settings_,        *doors_.queue,  *doors_.resolver,
                             memory_,        families_refused_, doors_.tls,     doors_.tls_verified,
                             doors_.anchors, &resumptions_,     doors_.reports, lane.served,
                             own_addresses()};
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
      co_await part(std::exchange(held, nullptr));
    }
  }
  --lane.workers;
  if (held) {
    held->site_slot = std::move(start.site_slot);
    held->core_slot = std::move(start.core_slot);
    park(lane, std::move(held));
  }
  start.site_slot = SiteSlot();
  start.core_slot = Counted();
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

std::vector<SiteStatus> Shard::sites() const {
  std::vector<SiteStatus> out;
  const MonoTime now = reactor_.now();
  if (local_ && (local_->workers > 0 || !local_->queue.is_empty())) {
    SiteStatus status;
    status.site = "local";
    status.core = reactor_.core();
    status.queued = local_->queue.size();
    status.active = local_->workers;
    out.push_back(std::move(status));
  }
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
