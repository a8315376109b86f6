#include "shard.hpp"

#include <fmt/core.h>
#include <utility>

#include <postrider/base/kill_point.hpp>

// How deliveries end, or go back into the store.
namespace postrider::delivery {

namespace {

// The trouble is this message's alone: it has been set aside, or has ended. Any other failure is
// the store's.
bool is_of_message(store::StoreError error) {
  return error == store::StoreError::corrupt || error == store::StoreError::not_found;
}

}  // namespace

void Shard::finish_later(ItemRef item, AttemptResult result) {
  item->state = Item::State::settling;
  if (auto pass = settling_.enter()) {
    reactor_.spawn(finish(std::move(item), std::move(result), std::move(pass)));
  }
}

engine::Task<void> Shard::finish(ItemRef item, AttemptResult result, engine::Gate::Pass /*pass*/) {
  using End = AttemptResult::End;
  switch (result.end) {
    case End::no_journal:
      if (is_of_message(result.store_error)) {
        co_await give_up_unreadable(std::move(item), result.store_error);
      } else {
        halt(result.store_error);
      }
      co_return;
    case End::in_doubt:
      co_return;  // the journal says so at the next start
    case End::interrupted:
      co_await undo_attempt(std::move(item));
      co_return;
    case End::unreadable:
      co_await give_up_unreadable(std::move(item), result.store_error);
      co_return;
    case End::done:
    case End::unreached:
      break;
  }
  Conclusion conclusion = conclude({*item, result, schedule_, reactor_.wall_now(), reactor_.now(),
                                    item->after_attempt, item->action_reason},
                                   reactor_.random());
  totals_.delivered += conclusion.delivered;
  totals_.deferred += conclusion.deferred;
  totals_.failed += conclusion.failed;
  if (Lane* lane = known_lane(*item)) {
    lane->delivered += conclusion.delivered;
    lane->deferred += conclusion.deferred;
    lane->failed += conclusion.failed;
  }
  kill_point("delivery.concluded");
  for (flow::Event& event : conclusion.events) {
    doors_.events->emit(std::move(event));
  }
  kill_point("delivery.events_told");
  co_await settle(std::move(item), std::move(conclusion));
}

engine::Task<void> Shard::settle(ItemRef item, Conclusion conclusion) {
  store::Settlement settlement{item->id, conclusion.progress, std::nullopt};
  if (!conclusion.reported.empty()) {
    kill_point("delivery.report.begun");
    settlement.report = co_await write_report(*item, std::move(conclusion.reported));
    kill_point("delivery.report.made");
  }
  kill_point("delivery.before_settle");
  const auto settled = co_await doors_.queue->settle(std::move(settlement));
  kill_point("delivery.after_settle");
  if (!settled && !is_of_message(settled.error())) {
    halt(settled.error());
    co_return;
  }
  leave(*item);
  if (settled && conclusion.progress && !conclusion.progress->held) {
    kill_point("delivery.settle.deferred");
    backlog_.on_deferred(reactor_.core(), conclusion.progress->next_due);
  }
}

engine::Task<std::optional<store::NewMessage>> Shard::write_report(
    const Item& item, std::vector<flow::ReportedRecipient> reported) {
  SharedOctets original = item.octets;
  if (!original.has_value()) {
    // A report without the header is worth more than none.
    original = (co_await doors_.queue->read_chunk(item.id.message, 0)).value_or(SharedOctets());
  }
  const flow::ReportOrder order{
      *item.envelope,      std::move(reported),
      original.view(),     original.has_value() && item.envelope->body_chunks <= 1,
      settings_->hostname, doors_.queue->next_id(),
      reactor_.wall_now(), doors_.signer};
  co_return flow::make_report(order, reactor_.random());
}

// The store can't give the content: never an outcome for the recipients.
engine::Task<void> Shard::give_up_unreadable(ItemRef item, store::StoreError error) {
  if (error == store::StoreError::closed) {
    co_return;
  }
  if (error == store::StoreError::corrupt) {
    leave(*item);  // the store has set it aside, and told the feed
    co_return;
  }
  if (error == store::StoreError::not_found) {
    const auto stored = co_await doors_.queue->load(item->id);
    if (!stored && stored.error() == store::StoreError::not_found) {
      leave(*item);  // ended meanwhile by somebody else
      co_return;
    }
  }
  store::Progress progress = item->progress.value_or(store::Progress{});
  progress.held = true;
  progress.hold_reason = fmt::format("the message can't be read: {}", store::describe(error));
  progress.next_due = reactor_.wall_now();
  flow::Event event = make_event(flow::EventKind::held, *item, reactor_.wall_now());
  event.text = progress.hold_reason;
  doors_.events->emit(std::move(event));
  Conclusion conclusion;
  conclusion.progress = std::move(progress);
  co_await settle(std::move(item), std::move(conclusion));
}

// Broken off before anything was sent: the attempt does not count, and the journal forgets it.
engine::Task<void> Shard::undo_attempt(ItemRef item) {
  Conclusion conclusion;
  conclusion.progress = item->progress.value_or(store::Progress{});
  conclusion.progress->next_due = reactor_.wall_now();
  co_await settle(std::move(item), std::move(conclusion));
}

void Shard::undo_soon(ItemRef item) {
  auto pass = item->is_begun && !halted_ ? settling_.enter() : engine::Gate::Pass();
  if (pass) {
    item->state = Item::State::settling;
    reactor_.spawn(undo(std::move(item), std::move(pass)));
  }
}

engine::Task<void> Shard::undo(ItemRef item, engine::Gate::Pass /*pass*/) {
  co_await undo_attempt(std::move(item));
}

}  // namespace postrider::delivery
