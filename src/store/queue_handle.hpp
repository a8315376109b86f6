#pragma once

#include "core_port.hpp"
#include "queue_reader.hpp"
#include "status.hpp"

#include <memory>
#include <vector>

#include <postrider/store/queue_store.hpp>

namespace postrider::store {

// A message as the committer takes it, and what it counts against pending_bytes.
[[nodiscard]] CommitWork make_commit(NewMessage message);
[[nodiscard]] std::uint64_t bytes_of(const CommitWork& work);

// The queue as one core sees it.
class QueueHandle final : public QueueStore {
 public:
  // `begun`: the attempts that the last process left open.
  QueueHandle(std::shared_ptr<CorePort> port, const Kv& kv, const Status& status,
              MessageId largest_id, const std::vector<JournalEntry>& begun);

  [[nodiscard]] MessageId next_id() override;
  engine::Task<StoreResult<void>> commit(NewMessage message,
                                         std::unique_ptr<StagedMessage> staged) override;
  [[nodiscard]] std::unique_ptr<StagedMessage> stage() override;
  engine::Task<StoreResult<void>> begin_attempt(DeliveryId delivery,
                                                std::uint32_t attempt) override;
  engine::Task<StoreResult<void>> settle(Settlement settlement) override;
  engine::Task<StoreResult<void>> sync() override;

  engine::Task<StoreResult<SharedOctets>> read_chunk(MessageId id, std::uint32_t chunk) override;
  engine::Task<StoreResult<StoredDelivery>> load(DeliveryId delivery) override;
  engine::Task<StoreResult<std::shared_ptr<const Envelope>>> load_envelope(MessageId id) override;
  engine::Task<StoreResult<std::vector<StoredDelivery>>> load_message(MessageId id) override;
  engine::Task<StoreResult<std::vector<StoredDelivery>>> scan(Scan scan) override;
  engine::Task<StoreResult<std::vector<DueEntry>>> scan_due(DueCursor after, WallTime until,
                                                            std::size_t limit,
                                                            std::uint64_t body_octets) override;
  engine::Task<StoreResult<std::optional<WallTime>>> next_due(DueCursor after) override;
  engine::Task<StoreResult<std::vector<JournalEntry>>> open_attempts() override;
  engine::Task<StoreResult<std::vector<QuarantinedEntry>>> quarantined() override;

  [[nodiscard]] Counters counters() const override { return status_.counters(); }

  // Of those that next_id() has given out. After the store was closed only.
  [[nodiscard]] MessageId largest_id() const { return largest_id_; }

 private:
  void begin_at_once(CommitWork& work) const;
  // `read` maps (QueueReader, Read) to a ReadResult<T>. Here if all is in memory, else on the pool.
  template <class T, class F>
  engine::Task<StoreResult<T>> read(F read);
  // `read` walks, so it may always block: on the pool at once.
  template <class T, class F>
  engine::Task<ReadResult<T>> read_on_pool(F read);
  engine::Task<StoreError> answer_fault(ReadFault fault);

  std::shared_ptr<CorePort> port_;  // shared with pending calls
  QueueReader reader_;
  const Status& status_;
  MessageIdSource ids_;
  MessageId largest_id_;
  const std::vector<JournalEntry>& begun_;
};

}  // namespace postrider::store
