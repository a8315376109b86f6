#include "shard.hpp"

#include <algorithm>
#include <utility>

#include <postrider/base/kill_point.hpp>

namespace postrider::delivery {

namespace {

constexpr std::size_t host_memory_entries = 10'000;
constexpr std::size_t ended_kept = 8'192;
constexpr std::size_t prompt_window = 2'000;

// A site that has not been seen to work is begun by each core with its part. The leases hold them
// together to `at_most`.
SiteLimits limits_of_sites(const DeliverySettings& settings, CoreId cores) {
  const std::uint32_t at_most = std::max(1U, settings.connections_per_site);
  const std::uint32_t at_start = (settings.connections_at_start + cores - 1) / cores;
  return {std::clamp(at_start, 1U, at_most), at_most, settings.suspend_first, settings.suspend_max};
}

}  // namespace

Shard::Shard(engine::Reactor& reactor, const DeliverySettings& settings, CoreId cores,
             CoreDoors doors, Backlog& backlog, SiteLeases& leases)
    : reactor_(reactor),
      settings_(&settings),
      doors_(doors),
      backlog_(backlog),
      schedule_(settings.retry),
      site_limits_(limits_of_sites(settings, cores)),
      leases_(leases),
      memory_(host_memory_entries),
      families_refused_(host_memory_entries),
      lookups_(reactor, std::max(1U, settings.lookups)),
      gate_(reactor),
      settling_(reactor),
      departed_(reactor) {
  if (doors_.local != nullptr) {
    local_.emplace(LocalDelivery::Doors{reactor_, *doors_.queue, *doors_.local, doors_.signer,
                                        doors_.events, doors_.returns},
                   [this] { pump_local(); });
  }
}

Shard::~Shard() = default;

void Shard::set_settings(const DeliverySettings& settings, CoreId cores) {
  settings_ = &settings;
  schedule_ = policy::RetrySchedule(settings.retry);
  site_limits_ = limits_of_sites(settings, cores);
  for (auto& [key, lane] : lanes_) {
    lane->health.set_limits(site_limits_);
  }
  leases_.set_limit(site_limits_.at_most);
  for (auto& [name, domain] : domains_) {
    domain->fresh_until = {};  // routes and policies are asked again
  }
}

// What one sender, class and domain have in the window together: none of them may fill it alone.
std::string Shard::crowd_key(const Item& item) {
  const std::string& domain = item.destination().domain;
  std::string key;
  key.reserve(item.envelope->tenant.size() + domain.size() + 2);
  key += item.envelope->tenant;
  key += '\n';
  key += static_cast<char>('0' + static_cast<int>(item.envelope->priority));
  key += domain;
  return key;
}

void Shard::join_crowd(Item& item) {
  auto& crowd = *crowds_.try_emplace(crowd_key(item)).first;
  ++crowd.second;
  item.crowd = &crowd;
}

void Shard::leave_crowd(Item& item) {
  auto* const crowd = std::exchange(item.crowd, nullptr);
  if (crowd != nullptr && --crowd->second == 0) {
    crowds_.erase(crowds_.find(crowd->first));
  }
}

std::size_t Shard::window_capacity() const {
  return std::max<std::size_t>(4, settings_->window);
}

// Below it the loader is asked for more: so far under what one crowd may have that a batch fits
// between them. A batch of which a few are taken was read in vain.
std::size_t Shard::room_mark() const {
  return window_capacity() * 3 / 8;
}

// The last quarter of the window is kept for fresh messages of those who have little in it, so that
// a password reset never waits behind a newsletter that is still in the store.
bool Shard::has_room_for(const Item& item, bool is_fresh) const {
  const std::size_t capacity = window_capacity();
  if (window_.size() >= capacity) {
    return false;
  }
  const auto found = crowds_.find(crowd_key(item));
  const std::size_t crowd = found == crowds_.end() ? 0 : found->second;
  const bool in_common_part = window_.size() < capacity - capacity / 4;
  if (!is_fresh) {
    return in_common_part && crowd < std::max<std::size_t>(2, capacity / 2);
  }
  return (in_common_part && !behind_) || crowd < std::max<std::size_t>(2, capacity / 256);
}

void Shard::on_fresh(ItemRef item) {
  // The loader may have read it from the store before its core got to tell us, and it may even
  // have been delivered by now.
  if (window_.contains(item->id) || ended_early_.contains(item->id)) {
    return;
  }
  if (halted_ || gate_.is_closed()) {
    if (item->is_begun && !halted_ && !settling_.is_closed()) {
      item->octets.reset();
      claim(item);
      undo_soon(std::move(item));
    }
    return;
  }
  kill_point("delivery.fresh");
  if (has_room_for(*item, true) && !stands_behind_stored(*item)) {
    admit(std::move(item));
    return;
  }
  if (stays_here(*item)) {
    DeliveryId& latest = left_behind_[crowd_key(*item)];
    latest = std::max(latest, item->id);
  }
  ++totals_.overflowed;
  set_behind(true);
  told_full_ = told_full_ || window_.size() >= room_mark();
  const bool is_told = overflow_.has_value();
  overflow_ = std::min(overflow_.value_or(item->id), item->id);
  if (!is_told) {
    reactor_.defer(
        [this] { backlog_.on_overflow(reactor_.core(), *std::exchange(overflow_, std::nullopt)); });
  }
}

// Mailboxes get their mail in the order in which it was accepted.
bool Shard::stands_behind_stored(const Item& item) const {
  return !left_behind_.empty() && stays_here(item) && left_behind_.contains(crowd_key(item));
}

void Shard::set_behind(bool behind) {
  behind_ = behind;
  note_promptness();
}

void Shard::note_promptness() {
  const bool is_prompt =
      !halted_ && !behind_ && !gate_.is_closed() && window_.size() < prompt_window;
  is_prompt_.store(is_prompt, std::memory_order_relaxed);
}

void Shard::begin_scan() {
  scan_.emplace(departures_);
}

Taken Shard::take(std::vector<ItemRef> items) {
  Taken out;
  for (std::size_t i = 0; i < items.size() && !halted_ && !gate_.is_closed(); ++i) {
    if (window_.contains(items[i]->id) || (scan_ && scan_->has_missed(items[i]->id))) {
      continue;
    }
    if (has_room_for(*items[i], false)) {
      admit(std::move(items[i]));
    } else if (!out.first_left) {
      out.first_left = i;
    }
  }
  scan_.reset();
  out.has_room = window_.size() < room_mark();
  out.keeps_bodies = hot_octets_ < settings_->hot_octets;
  told_full_ = !out.has_room;
  return out;
}

void Shard::admit(ItemRef item) {
  item->admitted = reactor_.now();
  if (const auto crashed = crashes_.find(item->id); crashed != crashes_.end()) {
    item->crashes = crashed->second;
  }
  const std::uint64_t hot = item->octets.view().size();
  if (hot_octets_ + hot > settings_->hot_octets) {
    item->octets.reset();
  } else {
    hot_octets_ += hot;
  }
  if (item->is_from_store && !left_behind_.empty()) {
    const auto left = left_behind_.find(crowd_key(*item));
    if (left != left_behind_.end() && left->second <= item->id) {
      left_behind_.erase(left);
    }
  }
  window_.emplace(item->id, item);
  join_crowd(*item);
  note_promptness();
  resolve(std::move(item));
}

// The item is done with, or waits in the store.
void Shard::leave(Item& item) {
  item.state = Item::State::gone;
  hot_octets_ -= item.octets.view().size();
  item.octets.reset();
  leave_crowd(item);
  const auto domain = domains_.find(item.destination().domain);
  if (domain != domains_.end() && --domain->second->items == 0 && !domain->second->is_resolving) {
    domains_.erase(domain);
  }
  departures_.note(item.id);
  if (item.is_from_store && !item.progress) {
    ended_early_.insert(item.id);
    ended_early_order_.push_back(item.id);
    if (ended_early_order_.size() > ended_kept) {
      ended_early_.erase(ended_early_order_.front());
      ended_early_order_.pop_front();
    }
  }
  crashes_.erase(item.id);
  window_.erase(item.id);
  note_promptness();
  if (departure_waiters_ > 0) {
    departed_.pulse();
  }
  if (told_full_ && window_.size() < room_mark()) {
    told_full_ = false;
    backlog_.on_room(reactor_.core());
  }
}

engine::Task<void> Shard::drain(MonoTime patience) {
  gate_.close();
  note_promptness();
  for (auto& [key, lane] : lanes_) {
    for (auto& client : lane->idle) {
      client->connection.abort();
    }
    lane->idle.clear();
  }
  idle_ = 0;
  co_await gate_.drain(patience);
  kill_point("delivery.drain.attempts_ended");
  undo_unbegun();
  co_await settling_.drain(mono_never);
}

// The journal holds attempts that have not begun, and won't: the next start is not to suspect them.
void Shard::undo_unbegun() {
  std::vector<ItemRef> unbegun;
  for (const auto& [id, item] : window_) {
    if (item->state == Item::State::resolving || item->state == Item::State::queued) {
      unbegun.push_back(item);
    }
  }
  for (ItemRef& item : unbegun) {
    undo_soon(std::move(item));
  }
}

void Shard::halt(store::StoreError /*error*/) {
  // What can't be recorded must not be done: the process goes on taking nothing new, and the
  // store's own counters say why.
  halted_ = true;
  note_promptness();
  departed_.pulse();
}

}  // namespace postrider::delivery
