#pragma once

#include "attempt.hpp"
#include "item.hpp"

#include <optional>
#include <string>
#include <vector>

#include <postrider/base/random.hpp>
#include <postrider/flow/dsn.hpp>
#include <postrider/flow/event.hpp>
#include <postrider/policy/retry_schedule.hpp>

namespace postrider::delivery {

// What an attempt comes to: pure, so that the whole table of outcomes can be tested.
struct Conclusion {
  std::optional<store::Progress> progress;        // nullopt: the delivery has ended
  std::vector<flow::ReportedRecipient> reported;  // those whose senders want to hear of it
  std::vector<flow::Event> events;                // one a recipient that was answered, in order
  std::uint64_t delivered = 0;
  std::uint64_t deferred = 0;
  std::uint64_t failed = 0;
};

struct ConcludeOrder {
  const Item& item;
  const AttemptResult& result;
  const policy::RetrySchedule& schedule;
  WallTime now{};
  MonoTime mono_now{};
  // What an operator wants done with whatever is still pending.
  std::optional<QueueAction> action;
  std::string action_reason;
};
[[nodiscard]] Conclusion conclude(const ConcludeOrder& order, Random& random);

// The same verdict for everybody who is pending: an expired item, a domain without hosts, a site
// that is suspended, an operator's bounce.
[[nodiscard]] AttemptResult same_for_all(const Item& item, Verdict verdict);

// An event about one recipient of the item, or about all (`recipient` empty).
[[nodiscard]] flow::Event make_event(flow::EventKind kind, const Item& item, WallTime now,
                                     const std::string& recipient = {});

}  // namespace postrider::delivery
