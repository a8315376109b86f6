#include "shard.hpp"

#include <fmt/core.h>
#include <utility>

#include <postrider/base/kill_point.hpp>

// What operators do to single deliveries, and what they are told.
namespace postrider::delivery {

namespace {

using flow::EventKind;

constexpr Duration suspensions_end_once_in = std::chrono::seconds(1);
constexpr Duration action_patience = std::chrono::seconds(30);  // with what is being written

EventKind event_of(QueueAction action) {
  switch (action) {
    case QueueAction::hold:
      return EventKind::held;
    case QueueAction::remove:
      return EventKind::deleted;
    case QueueAction::bounce:
      return EventKind::bounced;
    case QueueAction::retry:
    case QueueAction::release:
      break;
  }
  return EventKind::released;
}

// nullopt: there is nothing to change.
std::optional<store::Progress> changed(const Item& item, QueueAction action,
                                       const std::string& reason, WallTime now) {
  store::Progress progress = item.progress.value_or(store::Progress{});
  switch (action) {
    case QueueAction::hold:
      if (progress.held) {
        return std::nullopt;
      }
      kill_point("delivery.action.hold");
      progress.held = true;
      progress.hold_reason = reason;
      progress.next_due = now;  // while held: since when
      return progress;
    case QueueAction::release:
      if (!progress.held) {
        return std::nullopt;
      }
      kill_point("delivery.action.release");
      progress.held = false;
      progress.hold_reason.clear();
      progress.suspended += std::max(Duration{}, now - progress.next_due);
      progress.next_due = now;
      return progress;
    case QueueAction::retry:
      if (progress.held) {
        return std::nullopt;
      }
      kill_point("delivery.action.retry");
      progress.next_due = now;
      return progress;
    case QueueAction::bounce:
    case QueueAction::remove:
      break;
  }
  return std::nullopt;
}

}  // namespace

engine::Task<ActionResult> Shard::apply(DeliveryId delivery, QueueAction action,
                                        std::string reason) {
  auto pass = settling_.enter();
  if (!pass) {
    co_return ActionResult::failed;
  }
  if (action == QueueAction::retry || action == QueueAction::release) {
    end_suspensions();
  }
  const MonoTime deadline = reactor_.now() + action_patience;
  while (!halted_) {
    if (const auto found = window_.find(delivery); found != window_.end()) {
      const ItemRef item = found->second;
      if (item->state == Item::State::settling) {
        // An outcome, or another's action, is being written: this one applies to what comes of it.
        if (!co_await departure(deadline)) {
          break;
        }
        continue;
      }
      if (item->state == Item::State::active) {
        co_return mark_active(*item, action, std::move(reason));
      }
      if (action == QueueAction::retry || action == QueueAction::release) {
        co_return ActionResult::unchanged;  // due already
      }
      co_return co_await change(take_waiting(item), action, std::move(reason));
    }
    const Departures::Reading reading(departures_);
    auto stored = co_await doors_.queue->load(delivery);
    if (!stored) {
      co_return stored.error() == store::StoreError::not_found ? ActionResult::not_found
                                                               : ActionResult::failed;
    }
    // Else it came in, or went through, while we read: what we have read may be out of date.
    if (!window_.contains(delivery) && !reading.has_missed(delivery)) {
      co_return co_await change(claim(*std::move(stored)), action, std::move(reason));
    }
  }
  co_return ActionResult::failed;
}

// Waits until some delivery has left the window. False: not in time.
engine::Task<bool> Shard::departure(MonoTime deadline) {
  ++departure_waiters_;
  const auto woken = co_await departed_.wait({deadline, {}});
  --departure_waiters_;
  co_return woken.has_value();
}

// It is being delivered: what remains of it afterwards is treated so.
ActionResult Shard::mark_active(Item& item, QueueAction action, std::string reason) {
  if (action == QueueAction::retry) {
    return ActionResult::unchanged;  // it is being tried as it is
  }
  if (action == QueueAction::release) {
    const bool was_to_be_held = item.after_attempt == QueueAction::hold;
    item.after_attempt.reset();
    return was_to_be_held ? ActionResult::done : ActionResult::unchanged;
  }
  item.after_attempt = action;
  item.action_reason = std::move(reason);
  return ActionResult::after_attempt;
}

// Out of the queue that it waits in: its place there stays until its turn comes, a copy goes the
// way of what was in the store.
ItemRef Shard::take_waiting(const ItemRef& item) {
  auto taken = std::make_shared<Item>(*item);
  taken->state = Item::State::settling;
  item->state = Item::State::gone;
  item->octets.reset();  // the copy holds them
  window_[taken->id] = taken;
  return taken;
}

// Into the window, so that the loader and others leave it alone until it is settled.
ItemRef Shard::claim(store::StoredDelivery stored) {
  auto item = std::make_shared<Item>();
  item->id = {stored.envelope->id, stored.number};
  item->envelope = std::move(stored.envelope);
  item->progress = std::move(stored.progress);
  item->is_from_store = true;
  claim(item);
  return item;
}

void Shard::claim(const ItemRef& item) {
  item->state = Item::State::settling;
  window_.emplace(item->id, item);
  join_crowd(*item);
  auto& domain = domains_[item->destination().domain];
  if (!domain) {
    domain = std::make_unique<Domain>();
    domain->name = item->destination().domain;
  }
  ++domain->items;
}

engine::Task<ActionResult> Shard::change(ItemRef item, QueueAction action, std::string reason) {
  const WallTime now = reactor_.wall_now();
  Conclusion conclusion;
  if (action == QueueAction::bounce) {
    kill_point("delivery.action.bounce");
    Verdict verdict;
    verdict.kind = Verdict::Kind::failed;
    verdict.last = {0, "5.7.1", reason.empty() ? "refused by the operator" : reason, "", now};
    conclusion = conclude(
        {*item, same_for_all(*item, verdict), schedule_, now, reactor_.now(), std::nullopt, ""},
        reactor_.random());
    for (flow::Event& event : conclusion.events) {
      doors_.events->emit(std::move(event));
    }
  } else {
    if (action != QueueAction::remove) {
      conclusion.progress = changed(*item, action, reason, now);
      if (!conclusion.progress) {
        leave(*item);
        give_back(*item);
        co_return ActionResult::unchanged;
      }
    }
    kill_point("delivery.action.changed");
    flow::Event event = make_event(event_of(action), *item, now);
    event.text = reason;
    if (action != QueueAction::retry) {
      doors_.events->emit(std::move(event));
    }
  }
  co_await settle(std::move(item), std::move(conclusion));
  kill_point("delivery.action.settled");
  co_return halted_ ? ActionResult::failed : ActionResult::done;
}

// "Retry now" means that a host is asked, also where this one rests. One probe a site is cheap, so
// all of them are; once for a command that names a million messages.
void Shard::end_suspensions() {
  const MonoTime now = reactor_.now();
  if (suspensions_ended_ && now - *suspensions_ended_ < suspensions_end_once_in) {
    return;
  }
  suspensions_ended_ = now;
  for (auto& [key, lane] : lanes_) {
    lane->health.end_suspension(now);
  }
}

// The loader may have passed over it while an operator's hand was on it.
void Shard::give_back(const Item& item) {
  if (!item.progress) {
    behind_ = true;
    backlog_.on_overflow(reactor_.core(), item.id);
  } else if (!item.progress->held) {
    backlog_.on_deferred(reactor_.core(), item.progress->next_due);
  }
}

engine::Task<std::optional<Explanation>> Shard::explain(DeliveryId delivery) {
  Explanation out;
  const auto found = window_.find(delivery);
  if (found != window_.end()) {
    const Item& item = *found->second;
    out.entry = {item.envelope, item.id.number, item.progress};
    explain_item(item, out);
    co_return out;
  }
  auto stored = co_await doors_.queue->load(delivery);
  if (!stored) {
    co_return std::nullopt;
  }
  out.entry = std::move(*stored);
  const auto& progress = out.entry.progress;
  if (!progress) {
    out.reasons.push_back({"backlog", "waits in the store until there is room in memory",
                           out.entry.envelope->received_at, std::nullopt, "[delivery] window"});
  } else if (progress->held) {
    out.reasons.push_back(
        {"held", progress->hold_reason, progress->next_due, std::nullopt, "queue hold"});
  } else {
    std::string text = "waits for its next attempt";
    std::optional<WallTime> since;
    for (const auto& recipient : progress->recipients) {
      if (recipient.state == store::RecipientState::pending && !recipient.last.text.empty()) {
        text = recipient.last.remote.empty()
                   ? recipient.last.text
                   : fmt::format("{}: {}", recipient.last.remote, recipient.last.text);
        since = recipient.last.time;
      }
    }
    out.reasons.push_back({"deferred", text, since, progress->next_due, "[delivery] retry"});
  }
  co_return out;
}

void Shard::explain_item(const Item& item, Explanation& out) const {
  const WallTime since = reactor_.wall_now() - (reactor_.now() - item.admitted);
  out.site = item.target ? item.target->site : "";
  switch (item.state) {
    case Item::State::resolving:
      out.reasons.push_back({"dns", "the domain's hosts are being looked up", since, {}, ""});
      break;
    case Item::State::queued:
      out.reasons.push_back({"queued",
                             item.target->is_local ? "waits for its turn to be filed"
                                                   : "waits for a connection to its site",
                             since,
                             {},
                             ""});
      break;
    case Item::State::active:
      out.reasons.push_back({"active", "is being delivered", since, {}, ""});
      break;
    case Item::State::settling:
    case Item::State::gone:
      out.reasons.push_back({"active", "its outcome is being recorded", since, {}, ""});
      break;
  }
  for (const auto& [key, lane] : lanes_) {
    if (lane->site != out.site || item.state != Item::State::queued) {
      continue;
    }
    const std::uint32_t limit = lane->health.limit(reactor_.now());
    if (lane->workers >= limit) {
      out.reasons.push_back(
          {"site",
           fmt::format("{} connections to it are in use, {} are allowed now", lane->workers, limit),
           {},
           {},
           "[delivery] connections_per_site"});
    }
    if (lane->lease.asked() > 0) {
      out.reasons.push_back({"site",
                             "all connections that the site is given are in use, by this core, "
                             "others, or under another TLS policy: its turn comes",
                             {},
                             {},
                             "[delivery] connections_per_site"});
    }
    if (lane->is_starved) {
      out.reasons.push_back({"limit", "all connections of this core are in use", {}, {}, ""});
    }
  }
}

std::vector<ActiveDelivery> Shard::active() const {
  std::vector<ActiveDelivery> out;
  for (const auto& [id, item] : window_) {
    if (item->state == Item::State::active) {
      out.push_back({id, item->target ? item->target->site : ""});
    }
  }
  return out;
}

DeliveryStatus Shard::status() const {
  DeliveryStatus out = totals_;
  out.window = window_.size();
  out.active = active_;
  out.connections = connections_;
  out.halted = halted_;
  return out;
}

}  // namespace postrider::delivery
