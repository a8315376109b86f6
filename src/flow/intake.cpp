#include "incoming_message.hpp"

#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/flow/intake.hpp>

namespace postrider::flow {
namespace {

class QueueIntake final : public Intake {
 public:
  QueueIntake(IntakeDoors doors, IntakeSettings settings) : core_(doors, std::move(settings)) {
    check(core_.settings.stage_chunk_octets <= store::QueueStore::chunk_octets &&
              core_.settings.header_octets_max < store::QueueStore::chunk_octets / 2 + 1,
          "an intake's chunks and headers fit the store's chunks");
  }

  std::unique_ptr<IncomingMessage> open(Conversation conversation,
                                        Transaction transaction) override {
    return std::make_unique<QueuedMessage>(core_, std::move(conversation), std::move(transaction));
  }

  std::unique_ptr<FilterSession> open_filters(Door door) override {
    if (core_.settings.filters.empty()) {
      return nullptr;
    }
    auto session = std::make_unique<MilterSession>(core_, door);
    return session->is_empty() ? nullptr : std::move(session);
  }

  bool is_full() const override {
    // A small message fits into this; larger ones find their way to the store early.
    constexpr std::uint64_t smallest = 128UL << 10;
    return core_.budget.free() < smallest;
  }

  IntakeCounters counters() const override {
    IntakeCounters out = core_.counters;
    out.memory_bytes = core_.budget.used();
    out.memory_peak_bytes = core_.budget.peak();
    out.filters = core_.filters.counters();
    return out;
  }

 private:
  IntakeCore core_;
};

}  // namespace

std::unique_ptr<Intake> make_intake(IntakeDoors doors, IntakeSettings settings) {
  return std::make_unique<QueueIntake>(doors, std::move(settings));
}

}  // namespace postrider::flow
