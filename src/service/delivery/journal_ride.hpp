#pragma once

#include <memory>

#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::delivery {

// The journal entry "attempt begun", on its way to the disk while the connection is made and RCPT
// runs. Shared by the attempt and the task that writes, since neither knows which ends first.
struct JournalRide {
  explicit JournalRide(engine::Reactor& reactor) : written(reactor) {}
  engine::Event written;
  store::StoreResult<void> result;
};

// Starts writing at once.
[[nodiscard]] std::shared_ptr<JournalRide> begin_journal(engine::Reactor& reactor,
                                                         store::QueueStore& queue,
                                                         DeliveryId delivery,
                                                         std::uint32_t attempt);

// The same for an attempt whose entry was written with the message.
[[nodiscard]] std::shared_ptr<JournalRide> begun_journal(engine::Reactor& reactor);

// The journal's attempt number also counts how often the process has died during this delivery:
// that must be durable before the attempt that may kill it again.
struct JournalNumber {
  static constexpr std::uint32_t attempt_bits = 24;
  std::uint32_t attempt = 0;
  std::uint32_t crashes = 0;
  [[nodiscard]] std::uint32_t encode() const;
  [[nodiscard]] static JournalNumber decode(std::uint32_t value);
};

}  // namespace postrider::delivery
