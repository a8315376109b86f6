#include "shard.hpp"

#include <fmt/core.h>
#include <utility>

#include <postrider/base/kill_point.hpp>

// What stays here: into mailboxes, or on from them.
namespace postrider::delivery {

namespace {

// Of one core, beside those that only wait for their turn; each holds one message.
constexpr std::uint32_t local_workers_max = 64;
constexpr Duration hosted_fresh = std::chrono::seconds(10);
constexpr std::string_view quarantined =
    "quarantined: judged so when it came in; release it, or "
    "delete it";

std::shared_ptr<const Target> local_target(std::string domain) {
  auto out = std::make_shared<Target>();
  out->site = "local";
  out->domain = std::move(domain);
  out->is_local = true;
  return out;
}

store::StoreError store_error_of(store::MailError error) {
  return error == store::MailError::closed ? store::StoreError::closed : store::StoreError::io;
}

}  // namespace

bool Shard::stays_here(const Item& item) const {
  return local_ && is_placed(item.destination());
}

// Of a domain whose recipients have not been placed yet.
engine::Task<Result<bool, flow::AddressFailure>> Shard::is_hosted(std::string domain) {
  if (!local_ || !doors_.local->directory->hosts_any()) {
    co_return false;
  }
  co_return co_await doors_.local->directory->is_hosted(std::move(domain));
}

void Shard::on_hosted(Domain& domain) {
  set_target(domain, local_target(domain.name), reactor_.now() + hosted_fresh);
  for (ItemRef& item : std::exchange(domain.waiting, {})) {
    if (item->state != Item::State::gone) {
      enqueue_local(std::move(item));
    }
  }
}

void Shard::enqueue_local(ItemRef item) {
  if (!item->target || !item->target->is_local) {
    const std::string& domain = item->destination().domain;
    if (!local_->target || local_->target->domain != domain) {
      local_->target = local_target(domain);
    }
    item->target = local_->target;
  }
  item->state = Item::State::queued;
  local_->queue.push(std::move(item));
  pump_local();
}

void Shard::pump_local() {
  while (!halted_ && local_->workers < local_workers_max + local_->turns.waiting() &&
         local_->starting < local_->queue.size()) {
    auto pass = gate_.enter();
    if (!pass) {
      return;
    }
    ++local_->workers;
    ++local_->starting;
    reactor_.spawn(work_locally(std::move(pass)));
  }
}

engine::Task<void> Shard::work_locally(engine::Gate::Pass /*pass*/) {
  --local_->starting;
  while (!halted_ && !gate_.is_closed() &&
         local_->workers <= local_workers_max + local_->turns.waiting()) {
    ItemRef item = local_->queue.pop();
    if (!item) {
      break;
    }
    auto settling = settling_.enter();
    item->state = Item::State::active;
    ++active_;
    flow::FilingTurns::Turn turn = take_turn(*item);
    co_await deliver_locally(std::move(item), std::move(turn));
    --active_;
  }
  --local_->workers;
  pump_local();
}

// The filing and the end of the entry are one batch, so that nothing comes twice and the journal
// has nothing to say. But a message that the process dies of must be found out: what is still there
// after a start gets its entry.
engine::Task<bool> Shard::note_local_attempt(const Item& item) {
  if (!item.is_from_store) {
    co_return true;
  }
  const std::uint32_t number = JournalNumber{item.attempts() + 1, item.crashes}.encode();
  const auto noted = co_await doors_.queue->begin_attempt(item.id, number);
  co_return noted || noted.error() != store::StoreError::io;
}

// What is filed in one mailbox comes into it in the order in which it was accepted.
flow::FilingTurns::Turn Shard::take_turn(const Item& item) {
  const store::LocalTarget& place = item.destination().recipients.front().local;
  return place.kind == store::LocalKind::mailbox ? local_->turns.take(place.name)
                                                 : flow::FilingTurns::Turn();
}

engine::Task<void> Shard::deliver_locally(ItemRef item, flow::FilingTurns::Turn turn) {
  auto room = co_await local_->delivery.reserve(*item);
  if (!co_await note_local_attempt(*item)) {
    halt(store::StoreError::io);
    co_return;
  }
  kill_point("delivery.local.begun");
  LocalPlan plan = co_await local_->delivery.plan(*item, *settings_, std::move(room));
  if (plan.filing) {
    co_await file(std::move(item), std::move(plan), std::move(turn));
    co_return;
  }
  turn.pass();
  if (plan.onward) {
    co_await send_on(std::move(item), std::move(plan));
  } else {
    item->state = Item::State::settling;
    co_await finish(std::move(item), *std::move(plan.result), engine::Gate::Pass());
  }
}

// Judged to be quarantined, wherever it goes, and not released yet.
bool Shard::is_held_back(const Item& item) {
  return item.envelope->disposition == store::Disposition::quarantine && !item.progress;
}

void Shard::hold_back_soon(ItemRef item) {
  // Else we stop: the next start finds it as it is, and holds it back.
  if (auto pass = settling_.enter()) {
    item->state = Item::State::settling;
    reactor_.spawn(hold_back(std::move(item), std::move(pass)));
  }
}

engine::Task<void> Shard::hold_back(ItemRef item, engine::Gate::Pass pass) {
  const engine::Gate::Pass inside = std::move(pass);
  Conclusion conclusion;
  conclusion.progress.emplace();
  conclusion.progress->held = true;
  conclusion.progress->hold_reason = quarantined;
  conclusion.progress->next_due = reactor_.wall_now();
  flow::Event event = make_event(flow::EventKind::held, *item, reactor_.wall_now(),
                                 item->destination().recipients.front().address);
  event.text = quarantined;
  doors_.events->emit(std::move(event));
  co_await settle(std::move(item), std::move(conclusion));
}

Conclusion Shard::conclude_locally(const Item& item, const Verdict& verdict) {
  const AttemptResult result = same_for_all(item, verdict);
  return conclude({item, result, schedule_, reactor_.wall_now(), reactor_.now(), std::nullopt, ""},
                  reactor_.random());
}

engine::Task<void> Shard::file(ItemRef item, LocalPlan plan, flow::FilingTurns::Turn turn) {
  Conclusion conclusion = conclude_locally(*item, plan.verdict);
  if (!conclusion.reported.empty()) {
    plan.filing->report = co_await write_report(*item, std::move(conclusion.reported));
  }
  kill_point("delivery.local.before_filing");
  const auto filed = co_await doors_.local->filing->file(std::move(plan.mail),
                                                         *std::move(plan.filing), std::move(turn));
  plan.room.release();
  kill_point("delivery.local.filed");
  if (filed) {
    tell(std::move(conclusion));
    leave(*item);
    co_return;
  }
  auto verdict = local_->delivery.verdict_of(filed.error());
  if (!verdict) {
    const store::StoreError error = store_error_of(filed.error());
    if (error != store::StoreError::closed) {
      halt(error);
    }
    co_return;
  }
  item->state = Item::State::settling;
  AttemptResult result = same_for_all(*item, *std::move(verdict));
  co_await finish(std::move(item), std::move(result), engine::Gate::Pass());
}

// In place of the entry stands another message, in the same batch.
engine::Task<void> Shard::send_on(ItemRef item, LocalPlan plan) {
  item->state = Item::State::settling;
  Conclusion conclusion = conclude_locally(*item, plan.verdict);
  if (!conclusion.reported.empty()) {
    // Two messages can't be in one batch: after a crash the sender may hear of the list twice.
    auto report = co_await write_report(*item, std::move(conclusion.reported));
    if (report) {
      (void)co_await doors_.queue->commit(*std::move(report));  // a failure is the settlement's too
    }
  }
  store::Settlement settlement{item->id, std::nullopt, std::move(plan.onward->message),
                               std::move(plan.onward->staged)};
  kill_point("delivery.local.before_sending_on");
  const auto settled = co_await doors_.queue->settle(std::move(settlement));
  kill_point("delivery.local.sent_on");
  if (!settled) {
    if (settled.error() == store::StoreError::full) {
      Verdict verdict;
      verdict.last = {0, "4.3.1", "the store has no room", "", reactor_.wall_now()};
      co_await finish(item, same_for_all(*item, std::move(verdict)), engine::Gate::Pass());
    } else if (settled.error() == store::StoreError::io) {
      halt(settled.error());
    } else {
      leave(*item);
    }
    co_return;
  }
  tell(std::move(conclusion));
  leave(*item);
}

void Shard::tell(Conclusion conclusion) {
  totals_.delivered += conclusion.delivered;
  for (flow::Event& event : conclusion.events) {
    doors_.events->emit(std::move(event));
  }
}

}  // namespace postrider::delivery
