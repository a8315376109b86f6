#pragma once

#include "attempt.hpp"
#include "item.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <postrider/engine/sync.hpp>
#include <postrider/flow/directory.hpp>
#include <postrider/flow/mail_filing.hpp>
#include <postrider/flow/onward_message.hpp>
#include <postrider/service/delivery/delivery.hpp>
#include <postrider/service/delivery/settings.hpp>

namespace postrider::delivery {

// Already the place that it goes to, so that nobody need be asked.
[[nodiscard]] inline bool is_placed(const store::Destination& destination) {
  return destination.recipients.front().local.kind != store::LocalKind::none;
}

// What becomes of one local delivery: exactly one of the three.
struct LocalPlan {
  std::optional<AttemptResult> result;        // it does not get there, now or ever
  std::optional<flow::OnwardMessage> onward;  // in its place; `verdict` is how that is told
  std::optional<flow::FilingOrder> filing;    // a copy of `mail`
  flow::PreparedMailRef mail;
  engine::Semaphore::Permit room;  // of `mail`, until it is filed
  Verdict verdict;
};

// Finds out what a local delivery comes to. Writes nothing but what is staged.
// Shard: one instance a core. Limits: large_octets of messages in memory at a time, from their
// preparing until they are filed; besides, the few that are kept for further recipients.
class LocalDelivery {
 public:
  struct Doors {
    engine::Reactor& reactor;
    store::QueueStore& queue;
    const LocalDoors& local;
    flow::Signer* signer = nullptr;       // of what goes on; nullptr: unsigned
    flow::EventSink* events = nullptr;    // of what comes back; nullptr: nothing is told
    flow::ReturnDesk* returns = nullptr;  // nullptr: what comes back is a message like others
  };
  explicit LocalDelivery(Doors doors, std::uint64_t octets_max = large_octets)
      : doors_(doors), units_max_(octets_max / unit_octets), room_(doors.reactor, units_max_) {}

  // Waits for room in memory for what goes to a mailbox; before anything else is waited for, so
  // that room is given in the order in which turns were taken: nobody with room waits for the turn
  // of one without. Nothing for what does not need it.
  [[nodiscard]] engine::Task<engine::Semaphore::Permit> reserve(const Item& item);
  [[nodiscard]] engine::Task<LocalPlan> plan(const Item& item, const DeliverySettings& settings,
                                             engine::Semaphore::Permit room);
  // How a mailbox's refusal is told; nullopt: the store has failed, nothing can be told.
  [[nodiscard]] std::optional<Verdict> verdict_of(store::MailError error) const;

  static constexpr std::uint64_t large_octets = 128ULL << 20;

 private:
  static constexpr std::uint64_t unit_octets = 4096;
  using Failure = flow::AddressFailure;

  [[nodiscard]] engine::Task<LocalPlan> plan_unplaced(const Item& item, flow::OnwardFacts facts);
  [[nodiscard]] engine::Task<LocalPlan> plan_placed(const Item& item, store::Recipient recipient,
                                                    flow::OnwardFacts facts,
                                                    engine::Semaphore::Permit room);
  // Takes its room where it has none yet.
  [[nodiscard]] engine::Task<LocalPlan> plan_mailbox(const Item& item, store::Recipient recipient,
                                                     engine::Semaphore::Permit room);
  [[nodiscard]] engine::Task<LocalPlan> plan_forward(const Item& item, store::Recipient recipient,
                                                     flow::OnwardFacts facts);
  [[nodiscard]] engine::Task<LocalPlan> plan_post(const Item& item, store::Recipient recipient,
                                                  flow::OnwardFacts facts);
  // What the server itself reads (local_server_mail.cpp).
  [[nodiscard]] engine::Task<LocalPlan> plan_server(const Item& item, store::Recipient recipient,
                                                    flow::OnwardFacts facts);
  [[nodiscard]] engine::Task<LocalPlan> plan_return(const Item& item, store::Recipient recipient,
                                                    flow::OwnAddress own, flow::OnwardFacts facts);
  [[nodiscard]] engine::Task<LocalPlan> plan_report(const Item& item, store::Recipient recipient,
                                                    flow::OnwardFacts facts);
  // To who is to read it in the server's place; empty: the postmaster of its domain.
  [[nodiscard]] engine::Task<LocalPlan> plan_reader(const Item& item, store::Recipient recipient,
                                                    std::string reader, flow::OnwardFacts facts);
  [[nodiscard]] engine::Task<void> tell_of_report(const Item& item, WallTime now);
  void tell(const Item& item, std::vector<flow::Event> events) const;
  [[nodiscard]] engine::Task<LocalPlan> plan_onward(
      const Item& item, SharedOctets first, Result<flow::Onward, flow::OnwardFailure> onward,
      flow::OnwardFacts facts, std::string text);
  [[nodiscard]] engine::Task<store::StoreResult<SharedOctets>> read_first(const Item& item);
  [[nodiscard]] engine::Task<store::StoreResult<SharedOctets>> read_all(const Item& item);
  [[nodiscard]] engine::Task<store::StoreResult<flow::PreparedMailRef>> prepare(const Item& item);
  [[nodiscard]] std::uint64_t units_of(const Item& item) const;

  [[nodiscard]] Verdict verdict(Verdict::Kind kind, std::string enhanced, std::string text) const;
  [[nodiscard]] LocalPlan refused(const Item& item, Failure failure) const;
  [[nodiscard]] LocalPlan ended(const Item& item, Verdict verdict) const;
  [[nodiscard]] static LocalPlan unreadable(store::StoreError error);

  Doors doors_;
  std::uint64_t units_max_;
  engine::Semaphore room_;  // in units
  // Those that have further recipients here, the latest last.
  std::deque<std::pair<MessageId, flow::PreparedMailRef>> prepared_;
};

}  // namespace postrider::delivery
