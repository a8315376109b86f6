#include "journal_ride.hpp"

#include <algorithm>

#include <postrider/base/kill_point.hpp>

namespace postrider::delivery {

namespace {

engine::Task<void> write(std::shared_ptr<JournalRide> ride, store::QueueStore& queue,
                         DeliveryId delivery, std::uint32_t attempt) {
  kill_point("delivery.journal.begun");
  ride->result = co_await queue.begin_attempt(delivery, attempt);
  kill_point("delivery.journal.durable");
  ride->written.set();
}

constexpr std::uint32_t attempt_max = (1U << JournalNumber::attempt_bits) - 1;
constexpr std::uint32_t crashes_max = 255;

}  // namespace

std::shared_ptr<JournalRide> begin_journal(engine::Reactor& reactor, store::QueueStore& queue,
                                           DeliveryId delivery, std::uint32_t attempt) {
  auto ride = std::make_shared<JournalRide>(reactor);
  reactor.spawn(write(ride, queue, delivery, attempt));
  return ride;
}

std::shared_ptr<JournalRide> begun_journal(engine::Reactor& reactor) {
  auto ride = std::make_shared<JournalRide>(reactor);
  ride->written.set();
  return ride;
}

std::uint32_t JournalNumber::encode() const {
  return std::min(attempt, attempt_max) | (std::min(crashes, crashes_max) << attempt_bits);
}

JournalNumber JournalNumber::decode(std::uint32_t value) {
  return {value & attempt_max, value >> attempt_bits};
}

}  // namespace postrider::delivery
