#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <postrider/store/queue_store.hpp>

namespace postrider::delivery {

// A queue whose reads arrive late: what they say was true when they were made.
class LateStore final : public store::QueueStore {
 public:
  LateStore(engine::Reactor& reactor, store::QueueStore& real, const Duration& latest)
      : reactor_(reactor), real_(real), latest_(latest) {}

  [[nodiscard]] MessageId next_id() override { return real_.next_id(); }
  engine::Task<store::StoreResult<void>> commit(
      store::NewMessage message, std::unique_ptr<store::StagedMessage> staged) override {
    return real_.commit(std::move(message), std::move(staged));
  }
  [[nodiscard]] std::unique_ptr<store::StagedMessage> stage() override { return real_.stage(); }
  engine::Task<store::StoreResult<void>> begin_attempt(DeliveryId id, std::uint32_t n) override {
    return real_.begin_attempt(id, n);
  }
  engine::Task<store::StoreResult<void>> settle(store::Settlement settlement) override {
    return real_.settle(std::move(settlement));
  }
  engine::Task<store::StoreResult<void>> sync() override { return real_.sync(); }
  engine::Task<store::StoreResult<SharedOctets>> read_chunk(MessageId id,
                                                            std::uint32_t chunk) override {
    return late(real_.read_chunk(id, chunk));
  }
  engine::Task<store::StoreResult<store::StoredDelivery>> load(DeliveryId id) override {
    return late(real_.load(id));
  }
  engine::Task<store::StoreResult<std::shared_ptr<const store::Envelope>>> load_envelope(
      MessageId id) override {
    return late(real_.load_envelope(id));
  }
  engine::Task<store::StoreResult<std::vector<store::StoredDelivery>>> load_message(
      MessageId id) override {
    return late(real_.load_message(id));
  }
  engine::Task<store::StoreResult<std::vector<store::StoredDelivery>>> scan(Scan scan) override {
    return late(real_.scan(scan));
  }
  engine::Task<store::StoreResult<std::vector<store::DueEntry>>> scan_due(
      store::DueCursor after, WallTime until, std::size_t limit,
      std::uint64_t body_octets) override {
    return late(real_.scan_due(after, until, limit, body_octets));
  }
  engine::Task<store::StoreResult<std::optional<WallTime>>> next_due(
      store::DueCursor after) override {
    return late(real_.next_due(after));
  }
  engine::Task<store::StoreResult<std::vector<store::JournalEntry>>> open_attempts() override {
    return real_.open_attempts();
  }
  engine::Task<store::StoreResult<std::vector<store::QuarantinedEntry>>> quarantined() override {
    return real_.quarantined();
  }
  [[nodiscard]] Counters counters() const override { return real_.counters(); }

 private:
  template <class T>
  engine::Task<T> late(engine::Task<T> read) {
    T result = co_await std::move(read);
    if (latest_ > Duration{}) {
      const auto most = static_cast<std::uint64_t>(latest_.count());
      co_await reactor_.sleep_for(
          Duration(static_cast<Duration::rep>(reactor_.random().below(most))));
    }
    co_return result;
  }
  engine::Reactor& reactor_;
  store::QueueStore& real_;
  const Duration& latest_;
};

}  // namespace postrider::delivery
