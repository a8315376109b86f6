#include "queue_handle.hpp"

#include "fact_handle.hpp"
#include "record_codec.hpp"
#include "staged_message.hpp"

#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/base/kill_point.hpp>

namespace postrider::store {

CommitWork make_commit(NewMessage message) {
  const Envelope& envelope = *message.envelope;
  check(!envelope.id.is_null() && !envelope.destinations.empty(),
        "a message needs an id and a destination");
  CommitWork work;
  work.envelope_record = encode_envelope(envelope);
  work.seal = encode_body_seal(chunk_key(envelope.id, 0), message.octets.view());
  work.octets = std::move(message.octets);
  work.envelope = std::move(message.envelope);
  for (const NotedFact& noted : message.facts) {
    std::string key = fact_key(noted.kind, noted.fact.name);
    std::string record = encode_word(key, noted.fact.value);
    work.facts.emplace_back(std::move(key), std::move(record));
  }
  return work;
}

std::uint64_t bytes_of(const CommitWork& work) {
  std::uint64_t bytes = work.envelope_record.size() + work.octets.view().size();
  for (const auto& [key, record] : work.facts) {
    bytes += key.size() + record.size();
  }
  return bytes;
}

namespace {

// That envelope and octets fit each other is the caller's promise: a message that does not could
// not be read back.
void check_body(const NewMessage& message, const StagedHandle* staged) {
  const Envelope& envelope = *message.envelope;
  const std::uint64_t first = message.octets.view().size();
  check(first <= QueueStore::chunk_octets, "chunk 0 is longer than chunk_octets");
  if (staged == nullptr) {
    check(envelope.body_chunks <= 1 && envelope.size_octets == first, "a body of another size");
    return;
  }
  check(staged->id() == envelope.id, "a staged body of another message");
  check(envelope.body_chunks == staged->chunks() + 1 ||
            (envelope.body_chunks == 0 && staged->chunks() == 0),
        "body_chunks counts chunk 0 and all that were staged");
  check(envelope.size_octets == first + staged->octets(), "a body of another size");
}

}  // namespace

QueueHandle::QueueHandle(std::shared_ptr<CorePort> port, const Kv& kv, const Status& status,
                         MessageId largest_id, const std::vector<JournalEntry>& begun)
    : port_(std::move(port)),
      reader_(kv),
      status_(status),
      ids_(port_->reactor().core(), largest_id),
      begun_(begun) {}

MessageId QueueHandle::next_id() {
  largest_id_ = ids_.next(port_->reactor().wall_now());
  return largest_id_;
}

std::unique_ptr<StagedMessage> QueueHandle::stage() {
  return std::make_unique<StagedHandle>(port_, next_id());
}

engine::Task<StoreResult<void>> QueueHandle::commit(NewMessage message,
                                                    std::unique_ptr<StagedMessage> staged) {
  auto* handle = dynamic_cast<StagedHandle*>(staged.get());
  check((handle == nullptr) == (staged == nullptr), "a staged message of another store");
  check_body(message, handle);
  if (handle != nullptr && !handle->standing()) {
    co_return handle->standing();
  }
  auto request = std::make_unique<Request>();
  CommitWork work = make_commit(std::move(message));
  work.has_stage = handle != nullptr && handle->chunks() > 0;
  begin_at_once(work);
  request->bytes = bytes_of(work);
  request->work = std::move(work);
  kill_point("store.commit.before_submit");
  const StoreResult<void> result = co_await CorePort::submit(port_, std::move(request));
  kill_point("store.commit.answered");
  if (result && handle != nullptr) {
    handle->release();
  }
  co_return result;
}

// Where the feed is about to begin, its journal entries cost no request of their own.
void QueueHandle::begin_at_once(CommitWork& work) const {
  const auto attempt =
      port_->feed() == nullptr ? std::nullopt : port_->feed()->first_attempt(*work.envelope);
  if (!attempt) {
    return;
  }
  const WallTime now = port_->reactor().wall_now();
  for (std::uint32_t number = 0; number < work.envelope->destinations.size(); ++number) {
    work.begun.push_back(encode_attempt({work.envelope->id, number}, {*attempt, now}));
  }
}

engine::Task<StoreResult<void>> QueueHandle::begin_attempt(DeliveryId delivery,
                                                           std::uint32_t attempt) {
  auto request = std::make_unique<Request>();
  request->work =
      AttemptWork{delivery, encode_attempt(delivery, {attempt, port_->reactor().wall_now()})};
  kill_point("store.begin_attempt.before_submit");
  const StoreResult<void> result = co_await CorePort::submit(port_, std::move(request));
  kill_point("store.begin_attempt.answered");
  co_return result;
}

engine::Task<StoreResult<void>> QueueHandle::settle(Settlement settlement) {
  SettleWork work;
  work.delivery = settlement.delivery;
  if (const auto& progress = settlement.progress) {
    work.kept = SettleWork::Kept{encode_progress(settlement.delivery, *progress),
                                 progress->held ? std::nullopt : std::optional(progress->next_due)};
  }
  auto request = std::make_unique<Request>();
  auto* staged = dynamic_cast<StagedHandle*>(settlement.staged.get());
  check((staged == nullptr) == (settlement.staged == nullptr), "a staged message of another store");
  if (settlement.report) {
    check_body(*settlement.report, staged);
    if (staged != nullptr && !staged->standing()) {
      co_return staged->standing();
    }
    work.report = make_commit(*std::move(settlement.report));
    work.report->has_stage = staged != nullptr && staged->chunks() > 0;
    request->bytes = bytes_of(*work.report);
  }
  request->work = std::move(work);
  kill_point("store.settle.before_submit");
  const StoreResult<void> result = co_await CorePort::submit(port_, std::move(request));
  kill_point("store.settle.answered");
  if (result && staged != nullptr) {
    // If the delivery had ended before, nobody has the chunks now: the next start sweeps them.
    staged->release();
  }
  co_return result;
}

engine::Task<StoreResult<void>> QueueHandle::sync() {
  auto request = std::make_unique<Request>();
  request->work = SyncWork{};
  return CorePort::submit(port_, std::move(request));
}

template <class T, class F>
engine::Task<ReadResult<T>> QueueHandle::read_on_pool(F read) {
  std::optional<ReadResult<T>> result;
  // No deadline: the pool is bounded and its jobs end. (void): without deadline or cancel it can't
  // fail, and if it did, the result would be missing.
  (void)co_await port_->reactor().offload([this, &read, &result] { result = read(reader_); },
                                          engine::Until{});
  if (!result) {
    co_return failure(ReadFault{KvError::io, {}, Family::env, {}, {}});
  }
  co_return *std::move(result);
}

template <class T, class F>
engine::Task<StoreResult<T>> QueueHandle::read(F read) {
  ReadResult<T> result = read(reader_, Read::cached);
  if (!result && result.error().error == KvError::would_block) {
    auto again = [read](const QueueReader& reader) { return read(reader, Read::any); };
    result = co_await read_on_pool<T>(std::move(again));
  }
  if (!result) {
    const StoreError error = co_await answer_fault(std::move(result.error()));
    co_return failure(error);
  }
  co_return *std::move(result);
}

engine::Task<StoreError> QueueHandle::answer_fault(ReadFault fault) {
  switch (fault.error) {
    case KvError::not_found:
      co_return StoreError::not_found;
    case KvError::corrupt:
      break;
    case KvError::would_block:
    case KvError::io:
      co_return StoreError::io;
  }
  if (!fault.id.is_null()) {
    auto request = std::make_unique<Request>();
    request->work =
        SetAsideWork{fault.id, fault.family, std::move(fault.key), std::move(fault.reason)};
    kill_point("store.quarantine.before_submit");
    // (void): if it can't be set aside now, the next reader meets it again.
    (void)co_await CorePort::submit(port_, std::move(request));
    kill_point("store.quarantine.answered");
  }
  co_return StoreError::corrupt;
}

engine::Task<StoreResult<SharedOctets>> QueueHandle::read_chunk(MessageId id, std::uint32_t chunk) {
  return read<SharedOctets>(
      [id, chunk](const QueueReader& reader, Read how) { return reader.chunk(id, chunk, how); });
}

engine::Task<StoreResult<StoredDelivery>> QueueHandle::load(DeliveryId delivery) {
  return read<StoredDelivery>(
      [delivery](const QueueReader& reader, Read how) { return reader.delivery(delivery, how); });
}

engine::Task<StoreResult<std::shared_ptr<const Envelope>>> QueueHandle::load_envelope(
    MessageId id) {
  return read<std::shared_ptr<const Envelope>>(
      [id](const QueueReader& reader, Read how) { return reader.envelope(id, how); });
}

engine::Task<StoreResult<std::vector<StoredDelivery>>> QueueHandle::load_message(MessageId id) {
  return read<std::vector<StoredDelivery>>(
      [id](const QueueReader& reader, Read how) { return reader.message(id, how); });
}

engine::Task<StoreResult<std::vector<StoredDelivery>>> QueueHandle::scan(Scan scan) {
  auto result = co_await read_on_pool<QueueReader::Scanned>(
      [scan](const QueueReader& reader) { return reader.scan(scan); });
  if (!result) {
    const StoreError error = co_await answer_fault(std::move(result.error()));
    co_return failure(error);
  }
  for (ReadFault& fault : result->corrupt) {
    (void)co_await answer_fault(std::move(fault));  // reported by quarantined()
  }
  co_return std::move(result->found);
}

engine::Task<StoreResult<std::vector<DueEntry>>> QueueHandle::scan_due(DueCursor after,
                                                                       WallTime until,
                                                                       std::size_t limit,
                                                                       std::uint64_t body_octets) {
  auto result = co_await read_on_pool<QueueReader::DueScanned>(
      [after, until, limit, body_octets](const QueueReader& reader) {
        return reader.scan_due(after, until, limit, body_octets);
      });
  if (!result) {
    const StoreError error = co_await answer_fault(std::move(result.error()));
    co_return failure(error);
  }
  for (ReadFault& fault : result->corrupt) {
    (void)co_await answer_fault(std::move(fault));  // reported by quarantined()
  }
  for (std::string& key : result->stale) {
    auto request = std::make_unique<Request>();
    request->work = DropDueWork{std::move(key)};
    port_->submit_unawaited(std::move(request));
  }
  co_return std::move(result->found);
}

engine::Task<StoreResult<std::optional<WallTime>>> QueueHandle::next_due(DueCursor after) {
  auto result = co_await read_on_pool<std::optional<WallTime>>(
      [after](const QueueReader& reader) { return reader.next_due(after); });
  if (!result) {
    const StoreError error = co_await answer_fault(std::move(result.error()));
    co_return failure(error);
  }
  co_return *result;
}

engine::Task<StoreResult<std::vector<JournalEntry>>> QueueHandle::open_attempts() {
  co_return begun_;
}

engine::Task<StoreResult<std::vector<QuarantinedEntry>>> QueueHandle::quarantined() {
  auto result = co_await read_on_pool<std::vector<QuarantinedEntry>>(
      [](const QueueReader& reader) { return reader.quarantined(); });
  if (!result) {
    co_return failure(StoreError::io);
  }
  co_return *std::move(result);
}

}  // namespace postrider::store
