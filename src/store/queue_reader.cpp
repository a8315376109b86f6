#include "queue_reader.hpp"

#include "cursor_advance.hpp"

#include <postrider/base/base64.hpp>

namespace postrider::store {
namespace {

ReadFault fault_of(KvError error, MessageId id, Family family, std::string key) {
  const bool is_corrupt = error == KvError::corrupt;
  return {error, id, family, std::move(key), is_corrupt ? "the medium can't be read" : ""};
}

ReadFault corrupt(RecordError error, MessageId id, Family family, std::string key) {
  return {KvError::corrupt, id, family, std::move(key), std::string(describe(error))};
}

// How a walk ended: nothing, if at its end.
std::optional<ReadFault> fault_of(const KvCursor& cursor, Family family) {
  if (const auto error = cursor.error()) {
    return ReadFault{*error, {}, family, {}, "the medium can't be read"};
  }
  return std::nullopt;
}

// The first key after `after`.
std::string first_due(const DueCursor& after) {
  return due_key(after.due, after.delivery) + '\0';
}

// Steps through the records that stand beside the envelopes, in the same order.
class SideWalk {
 public:
  SideWalk(const Kv& kv, MessageId from)
      : kv_(kv),
        state_(kv.walk(Family::state, message_key(from))),
        done_(kv.walk(Family::done, message_key(from))) {}

  [[nodiscard]] RecordResult<DoneSet> done(MessageId id) {
    const std::string key = message_key(id);
    advance(*done_, key);
    if (!done_->is_valid() || done_->key() != key) {
      return DoneSet();
    }
    return decode_done(key, done_->value());
  }
  [[nodiscard]] RecordResult<std::optional<Progress>> progress(DeliveryId id) {
    const std::string key = delivery_key(id);
    advance(*state_, key);
    if (!state_->is_valid() || state_->key() != key) {
      return std::optional<Progress>();
    }
    auto progress = decode_progress(key, state_->value());
    if (!progress) {
      return failure(progress.error());
    }
    return std::optional(*std::move(progress));
  }
  // Nothing, if it can't be read as it should be.
  [[nodiscard]] SharedOctets body(MessageId id) {
    const std::string key = chunk_key(id, 0);
    if (!body_) {
      body_ = kv_.walk(Family::body, key);
    }
    advance(*body_, key);
    if (!body_->is_valid() || body_->key() != key) {
      return {};
    }
    auto octets = decode_body(key, std::string(body_->value()));
    return octets ? SharedOctets(*std::move(octets)) : SharedOctets();
  }
  [[nodiscard]] std::optional<ReadFault> fault() const {
    auto fault = fault_of(*state_, Family::state);
    return fault ? fault : fault_of(*done_, Family::done);
  }

 private:
  const Kv& kv_;
  std::unique_ptr<KvCursor> state_;
  std::unique_ptr<KvCursor> done_;
  std::unique_ptr<KvCursor> body_;  // null: none has been asked for
};

// Which bodies come along with a scan: small ones, so many octets.
class BodyAllowance {
 public:
  explicit BodyAllowance(std::uint64_t octets) : left_(octets) {}
  [[nodiscard]] bool admits(const Envelope& envelope) {
    if (envelope.body_chunks > 1 || envelope.size_octets > QueueStore::scan_body_octets_max ||
        envelope.size_octets > left_) {
      return false;
    }
    left_ -= envelope.size_octets;
    return true;
  }

 private:
  std::uint64_t left_;
};

// The open deliveries of one envelope into `out`; nothing of them if a record is corrupt.
std::optional<ReadFault> scan_envelope(const std::shared_ptr<const Envelope>& envelope,
                                       SideWalk& side, const QueueStore::Scan& scan,
                                       BodyAllowance& bodies, std::vector<StoredDelivery>& out) {
  const MessageId id = envelope->id;
  const auto done = side.done(id);
  if (!done) {
    return corrupt(done.error(), id, Family::done, message_key(id));
  }
  const std::size_t first = out.size();
  const auto count = static_cast<std::uint32_t>(envelope->destinations.size());
  for (std::uint32_t number = 0; number < count && out.size() < scan.limit; ++number) {
    const DeliveryId delivery{id, number};
    if (delivery <= scan.after || done->contains(number)) {
      continue;
    }
    auto progress = side.progress(delivery);
    if (!progress) {
      out.resize(first);
      return corrupt(progress.error(), id, Family::state, delivery_key(delivery));
    }
    if (!scan.never_deferred_only || !progress->has_value()) {
      out.push_back({envelope, number, *std::move(progress), {}});
    }
  }
  if (out.size() > first && bodies.admits(*envelope)) {
    const SharedOctets octets = side.body(id);
    for (std::size_t i = first; i < out.size(); ++i) {
      out[i].octets = octets;
    }
  }
  return std::nullopt;
}

}  // namespace

ReadResult<SharedOctets> QueueReader::chunk(MessageId id, std::uint32_t chunk, Read how) const {
  std::string key = chunk_key(id, chunk);
  auto value = kv_.get(Family::body, key, how);
  if (value) {
    auto octets = decode_body(key, *std::move(value));
    if (!octets) {
      return failure(corrupt(octets.error(), id, Family::body, std::move(key)));
    }
    return SharedOctets(*std::move(octets));
  }
  if (value.error() != KvError::not_found) {
    return failure(fault_of(value.error(), id, Family::body, std::move(key)));
  }
  const std::string envelope_key = message_key(id);
  const auto record = kv_.get(Family::env, envelope_key, how);
  if (!record) {
    return failure(fault_of(record.error(), id, Family::env, envelope_key));
  }
  const auto facts = decode_envelope_facts(envelope_key, *record);
  if (!facts) {
    return failure(corrupt(facts.error(), id, Family::env, envelope_key));
  }
  if (chunk < facts->body_records) {
    return failure(ReadFault{KvError::corrupt, id, Family::body, std::move(key),
                             "a record of the body is missing"});
  }
  return failure(fault_of(KvError::not_found, id, Family::body, std::move(key)));
}

ReadResult<std::shared_ptr<const Envelope>> QueueReader::envelope(MessageId id, Read how) const {
  std::string key = message_key(id);
  const auto value = kv_.get(Family::env, key, how);
  if (!value) {
    return failure(fault_of(value.error(), id, Family::env, std::move(key)));
  }
  auto envelope = decode_envelope(key, *value);
  if (!envelope) {
    return failure(corrupt(envelope.error(), id, Family::env, std::move(key)));
  }
  return std::make_shared<const Envelope>(*std::move(envelope));
}

ReadResult<DoneSet> QueueReader::done(MessageId id, Read how) const {
  std::string key = message_key(id);
  const auto value = kv_.get(Family::done, key, how);
  if (!value) {
    if (value.error() == KvError::not_found) {
      return DoneSet();
    }
    return failure(fault_of(value.error(), id, Family::done, std::move(key)));
  }
  auto done = decode_done(key, *value);
  if (!done) {
    return failure(corrupt(done.error(), id, Family::done, std::move(key)));
  }
  return *std::move(done);
}

ReadResult<std::optional<Progress>> QueueReader::progress(DeliveryId id, Read how) const {
  std::string key = delivery_key(id);
  const auto value = kv_.get(Family::state, key, how);
  if (!value) {
    if (value.error() == KvError::not_found) {
      return std::optional<Progress>();
    }
    return failure(fault_of(value.error(), id.message, Family::state, std::move(key)));
  }
  auto progress = decode_progress(key, *value);
  if (!progress) {
    return failure(corrupt(progress.error(), id.message, Family::state, std::move(key)));
  }
  return std::optional(*std::move(progress));
}

ReadResult<std::vector<StoredDelivery>> QueueReader::message(MessageId id, Read how) const {
  const auto envelope = this->envelope(id, how);
  if (!envelope) {
    return failure(envelope.error());
  }
  const auto ended = (*envelope)->destinations.size() > 1 ? done(id, how) : DoneSet();
  if (!ended) {
    return failure(ended.error());
  }
  std::vector<StoredDelivery> open;
  const auto count = static_cast<std::uint32_t>((*envelope)->destinations.size());
  for (std::uint32_t number = 0; number < count; ++number) {
    if (ended->contains(number)) {
      continue;
    }
    auto progress = this->progress({id, number}, how);
    if (!progress) {
      return failure(progress.error());
    }
    open.push_back({*envelope, number, *std::move(progress), {}});
  }
  return open;
}

ReadResult<StoredDelivery> QueueReader::delivery(DeliveryId id, Read how) const {
  const auto envelope = this->envelope(id.message, how);
  if (!envelope) {
    return failure(envelope.error());
  }
  const std::size_t count = (*envelope)->destinations.size();
  const auto ended = count > 1 ? done(id.message, how) : DoneSet();
  if (!ended) {
    return failure(ended.error());
  }
  if (id.number >= count || ended->contains(id.number)) {
    return failure(fault_of(KvError::not_found, id.message, Family::env, {}));
  }
  auto progress = this->progress(id, how);
  if (!progress) {
    return failure(progress.error());
  }
  return StoredDelivery{*envelope, id.number, *std::move(progress), {}};
}

ReadResult<QueueReader::Scanned> QueueReader::scan(const QueueStore::Scan& scan) const {
  Scanned result;
  // The side records first: a message that ends between the two is then not seen at all.
  SideWalk side(kv_, scan.after.message);
  BodyAllowance bodies(scan.body_octets);
  const auto cursor = kv_.walk(Family::env, message_key(scan.after.message));
  for (; cursor->is_valid() && result.found.size() < scan.limit; cursor->next()) {
    auto envelope = decode_envelope(cursor->key(), cursor->value());
    if (!envelope) {
      const MessageId id = parse_message_key(cursor->key()).value_or(MessageId());
      result.corrupt.push_back(
          corrupt(envelope.error(), id, Family::env, std::string(cursor->key())));
      continue;
    }
    const auto shared = std::make_shared<const Envelope>(*std::move(envelope));
    if (auto fault = scan_envelope(shared, side, scan, bodies, result.found)) {
      result.corrupt.push_back(*std::move(fault));
    }
  }
  if (auto fault = fault_of(*cursor, Family::env)) {
    return failure(*std::move(fault));
  }
  if (auto fault = side.fault()) {
    return failure(*std::move(fault));
  }
  return result;
}

ReadResult<QueueReader::DueScanned> QueueReader::scan_due(const DueCursor& after, WallTime until,
                                                          std::size_t limit,
                                                          std::uint64_t body_octets) const {
  DueScanned result;
  BodyAllowance bodies(body_octets);
  const auto cursor = kv_.walk(Family::due, first_due(after));
  for (; cursor->is_valid() && result.found.size() < limit; cursor->next()) {
    const auto key = parse_due_key(cursor->key());
    if (key && key->due > until) {
      break;
    }
    auto stored = key ? delivery(key->delivery, Read::any)
                      : failure(fault_of(KvError::not_found, {}, Family::due, {}));
    if (stored && stored->progress) {
      if (bodies.admits(*stored->envelope)) {
        stored->octets = chunk(key->delivery.message, 0, Read::any).value_or(SharedOctets());
      }
      result.found.push_back({*std::move(stored), key->due});
    } else if (stored || stored.error().error == KvError::not_found) {
      result.stale.emplace_back(cursor->key());
    } else if (stored.error().error == KvError::corrupt) {
      result.corrupt.push_back(std::move(stored.error()));
    } else {
      return failure(std::move(stored.error()));
    }
  }
  if (auto fault = fault_of(*cursor, Family::due)) {
    return failure(*std::move(fault));
  }
  return result;
}

ReadResult<std::optional<WallTime>> QueueReader::next_due(const DueCursor& after) const {
  const auto cursor = kv_.walk(Family::due, first_due(after));
  if (!cursor->is_valid()) {
    if (auto fault = fault_of(*cursor, Family::due)) {
      return failure(*std::move(fault));
    }
    return std::optional<WallTime>();
  }
  const auto key = parse_due_key(cursor->key());
  return std::optional(key ? key->due : WallTime());
}

ReadResult<std::vector<QuarantinedEntry>> QueueReader::quarantined() const {
  std::vector<QuarantinedEntry> entries;
  const auto cursor = kv_.walk(Family::quarantine, {});
  for (; cursor->is_valid(); cursor->next()) {
    const std::string_view key = cursor->key();
    const auto family = static_cast<std::uint8_t>(key.front());
    const auto record = decode_quarantined(key, cursor->value());
    QuarantinedEntry entry;
    entry.id = parse_message_key(key.substr(1)).value_or(MessageId());
    entry.key = family < family_count ? std::string(family_names[family]) : std::string("?");
    entry.key += ' ' + encode_hex(key.substr(1));
    entry.reason = record ? record->reason : std::string(describe(record.error()));
    entry.size_bytes = record ? record->value.size() : cursor->value().size();
    entries.push_back(std::move(entry));
  }
  if (auto fault = fault_of(*cursor, Family::quarantine)) {
    return failure(*std::move(fault));
  }
  return entries;
}

ReadResult<std::vector<JournalEntry>> QueueReader::journal() const {
  std::vector<JournalEntry> entries;
  const auto cursor = kv_.walk(Family::journal, {});
  for (; cursor->is_valid(); cursor->next()) {
    const auto delivery = parse_delivery_key(cursor->key());
    const auto attempt = decode_attempt(cursor->key(), cursor->value());
    if (delivery) {
      // That it had begun is the point; when, an unreadable entry can't say.
      entries.push_back(
          {*delivery, attempt ? attempt->attempt : 0, attempt ? attempt->begun : WallTime()});
    }
  }
  if (auto fault = fault_of(*cursor, Family::journal)) {
    return failure(*std::move(fault));
  }
  return entries;
}

}  // namespace postrider::store
