#include "conclusion.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/kill_point.hpp>

namespace postrider::delivery {

namespace {

using flow::EventKind;
using flow::Fate;
using store::RecipientState;

// The parts of one conclusion that its steps share.
struct Draft {
  const ConcludeOrder& order;
  Conclusion out;
  store::Progress progress;
  std::vector<std::size_t> deferred;  // indices, in order
  [[nodiscard]] const store::Recipient& recipient(std::size_t index) const {
    return order.item.destination().recipients[index];
  }
};

void take_event(Draft& draft, EventKind kind, std::size_t index, const store::LastReply& last) {
  const ConcludeOrder& order = draft.order;
  flow::Event event = make_event(kind, order.item, order.now, draft.recipient(index).address);
  event.source = order.result.source;
  event.remote = last.remote.empty() ? order.result.remote : last.remote;
  event.tls = order.result.tls;
  event.code = last.code;
  event.enhanced = last.enhanced;
  event.text = last.text;
  event.attempt = draft.progress.attempts;
  event.duration = order.result.duration;
  if (order.item.attempts() == 0) {
    const auto since = std::max(Duration{}, order.now - order.item.envelope->received_at);
    double stages = 0;
    for (const double stage : {event.duration.dns, event.duration.connect, event.duration.tls,
                               event.duration.transaction}) {
      stages += std::max(stage, 0.0);
    }
    event.duration.queue =
        std::max(0.0, std::chrono::duration<double, std::milli>(since).count() - stages);
  }
  draft.out.events.push_back(std::move(event));
}

void report(Draft& draft, Fate fate, std::size_t index, const store::LastReply& last) {
  if (flow::is_report_wanted(*draft.order.item.envelope, draft.recipient(index), fate)) {
    draft.out.reported.push_back({draft.recipient(index), fate, last, std::nullopt});
  }
}

void take_failure(Draft& draft, std::size_t index, EventKind kind, const store::LastReply& last) {
  kill_point("delivery.settle.failed");
  draft.progress.recipients[index] = {RecipientState::failed, last};
  ++draft.out.failed;
  report(draft, Fate::failed, index, last);
  take_event(draft, kind, index, last);
}

void take_verdict(Draft& draft, std::size_t index, const Verdict& verdict) {
  switch (verdict.kind) {
    case Verdict::Kind::delivered:
      kill_point("delivery.settle.delivered");
      draft.progress.recipients[index] = {RecipientState::delivered, verdict.last};
      ++draft.out.delivered;
      if (verdict.relayed) {
        report(draft, Fate::relayed, index, verdict.last);
      } else if (verdict.filed) {
        report(draft, Fate::delivered, index, verdict.last);
      }
      take_event(draft, EventKind::delivered, index, verdict.last);
      return;
    case Verdict::Kind::failed:
      take_failure(draft, index, EventKind::bounced, verdict.last);
      return;
    case Verdict::Kind::deferred:
      draft.progress.recipients[index].last = verdict.last;
      draft.deferred.push_back(index);
      return;
  }
}

void expire(Draft& draft) {
  kill_point("delivery.settle.expired");
  const auto& target = draft.order.item.target;
  const bool is_local = target && target->is_local;
  for (const std::size_t index : draft.deferred) {
    store::LastReply last = draft.progress.recipients[index].last;
    // RFC 3463 3.5: X.4.7, with the last words of the peer as the reason.
    last.text = fmt::format("not delivered in time; last: {}", last.text);
    // A mailbox of ours that stayed full says so itself (X.2.2).
    const bool is_full = is_local && last.enhanced == "4.2.2";
    last.enhanced = is_full ? "5.2.2" : "5.4.7";
    take_failure(draft, index, EventKind::expired, last);
  }
  draft.deferred.clear();
}

void apply_action(Draft& draft) {
  const ConcludeOrder& order = draft.order;
  switch (*order.action) {
    case QueueAction::hold:
      draft.progress.held = true;
      draft.progress.hold_reason = order.action_reason;
      draft.progress.next_due = order.now;  // while held: since when
      break;
    case QueueAction::remove:
      draft.deferred.clear();
      break;
    case QueueAction::bounce: {
      const store::LastReply last{0, "5.7.1", order.action_reason, "", order.now};
      for (const std::size_t index : std::exchange(draft.deferred, {})) {
        take_failure(draft, index, EventKind::bounced, last);
      }
      break;
    }
    case QueueAction::retry:
    case QueueAction::release:
      draft.progress.next_due = order.now;
      break;
  }
}

void warn(Draft& draft, const policy::RetrySchedule::Age& age) {
  const ConcludeOrder& order = draft.order;
  if (draft.progress.warned || !order.schedule.is_warning_due(age, order.now)) {
    return;
  }
  for (const std::size_t index : draft.deferred) {
    if (!flow::is_report_wanted(*order.item.envelope, draft.recipient(index), Fate::delayed)) {
      continue;
    }
    const store::LastReply& last = draft.progress.recipients[index].last;
    draft.out.reported.push_back(
        {draft.recipient(index), Fate::delayed, last, order.schedule.expires(age)});
    take_event(draft, EventKind::warned, index, last);
  }
  kill_point("delivery.settle.warned");
  draft.progress.warned = order.now;
}

}  // namespace

flow::Event make_event(EventKind kind, const Item& item, WallTime now,
                       const std::string& recipient) {
  flow::Event event;
  event.kind = kind;
  event.time = now;
  event.id = item.id.message;
  event.tenant = item.envelope->tenant;
  event.from = item.envelope->reverse_path;
  event.to = recipient;
  event.domain = item.destination().domain;
  event.site = item.target ? item.target->site : "";
  event.attempt = item.attempts();
  event.size = item.envelope->size_octets;
  return event;
}

AttemptResult same_for_all(const Item& item, Verdict verdict) {
  AttemptResult out;
  out.verdicts.resize(item.destination().recipients.size());
  for (std::size_t i = 0; i < out.verdicts.size(); ++i) {
    if (item.is_pending(i)) {
      out.verdicts[i] = verdict;
    }
  }
  return out;
}

Conclusion conclude(const ConcludeOrder& order, Random& random) {
  Draft draft{order, {}, order.item.progress.value_or(store::Progress{}), {}};
  store::Progress& progress = draft.progress;
  progress.recipients.resize(order.item.destination().recipients.size());
  ++progress.attempts;
  for (std::size_t i = 0; i < progress.recipients.size(); ++i) {
    if (order.item.is_pending(i) && i < order.result.verdicts.size() && order.result.verdicts[i]) {
      take_verdict(draft, i, *order.result.verdicts[i]);
    }
  }
  const policy::RetrySchedule::Age age{order.item.envelope->received_at, progress.suspended};
  if (draft.deferred.empty()) {
    return std::move(draft.out);
  }
  if (order.action) {
    apply_action(draft);
  } else if (const auto due = order.schedule.next_due(progress.attempts, age, order.now, random)) {
    progress.next_due = *due;
  } else {
    expire(draft);
  }
  if (draft.deferred.empty()) {
    return std::move(draft.out);
  }
  for (const std::size_t index : draft.deferred) {
    ++draft.out.deferred;
    take_event(draft, EventKind::deferred, index, progress.recipients[index].last);
  }
  if (!progress.held) {
    warn(draft, age);
  }
  draft.out.progress = std::move(progress);
  return std::move(draft.out);
}

}  // namespace postrider::delivery
