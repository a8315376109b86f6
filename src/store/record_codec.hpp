#pragma once

#include "kv.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ids.hpp>
#include <postrider/base/result.hpp>
#include <postrider/base/time.hpp>
#include <postrider/store/queue_records.hpp>
#include <postrider/store/queue_store.hpp>

// The grammar of all keys, and of the queue's values, in code (accounts: account_codec.hpp);
// docs/storage_format.md says it in words. Whoever changes a value raises its version there and
// here, and keeps reading the older ones.
namespace postrider::store {

// ---- keys: big-endian, so that their order is the order of what they mean
//
//   q.body      message:8 chunk:4          q.env    message:8
//   q.state     message:8 number:4         q.due    due:8 message:8 number:4
//   q.journal   message:8 number:4         q.done   message:8
//   q.stage     message:8                  quarantine  family:1 key
//   ac.account  name in lower case         ac.domain   name in lower case
//   meta        word                       fact       kind:1 name

[[nodiscard]] std::string message_key(MessageId id);
[[nodiscard]] std::string chunk_key(MessageId id, std::uint32_t chunk);
[[nodiscard]] std::string delivery_key(DeliveryId id);
[[nodiscard]] std::string due_key(WallTime due, DeliveryId id);
[[nodiscard]] std::string quarantine_key(Family family, std::string_view key);
// The first key past all that start with this message's id: the end of a walk.
[[nodiscard]] std::string past_message(MessageId id);

[[nodiscard]] std::optional<MessageId> parse_message_key(std::string_view key);  // its first 8
[[nodiscard]] std::optional<DeliveryId> parse_delivery_key(std::string_view key);
struct DueKey {
  WallTime due{};
  DeliveryId delivery;
};
[[nodiscard]] std::optional<DueKey> parse_due_key(std::string_view key);

// ---- values
//
//   record   = version:1 checksum:8 payload      checksum = xxh3-64 of the payload, seeded by key
//   q.body   = octets checksum:8 version:1       the seal stands behind, so that a body is never
//                                                moved to make place for it
// A record that was written for another key fails its checksum, as does a damaged one.

enum class RecordError : std::uint8_t {
  truncated,  // shorter than its grammar wants, or longer
  checksum,   // damaged, or under a key that it was not written for
  version,    // of a newer program
  invalid,    // a field has a value that its grammar lacks
};
[[nodiscard]] std::string_view describe(RecordError error);
template <class T>
using RecordResult = Result<T, RecordError>;

[[nodiscard]] std::string encode_body_seal(std::string_view key, std::string_view octets);
// In: seal and octets; out: the octets.
[[nodiscard]] RecordResult<std::string> decode_body(std::string_view key, std::string value);

[[nodiscard]] std::string encode_envelope(const Envelope& envelope);
[[nodiscard]] RecordResult<Envelope> decode_envelope(std::string_view key, std::string_view value);
// What the end of a message needs, without the cost of the rest.
struct EnvelopeFacts {
  std::uint32_t deliveries = 0;
  std::uint32_t body_records = 0;
};
[[nodiscard]] RecordResult<EnvelopeFacts> decode_envelope_facts(std::string_view key,
                                                                std::string_view value);

[[nodiscard]] std::string encode_progress(DeliveryId id, const Progress& progress);
[[nodiscard]] RecordResult<Progress> decode_progress(std::string_view key, std::string_view value);

struct Attempt {
  std::uint32_t attempt = 0;
  WallTime begun{};
};
[[nodiscard]] std::string encode_attempt(DeliveryId id, const Attempt& attempt);
[[nodiscard]] RecordResult<Attempt> decode_attempt(std::string_view key, std::string_view value);

// Which deliveries of a message have ended; for messages of several deliveries only.
class DoneSet {
 public:
  [[nodiscard]] bool contains(std::uint32_t number) const;
  void insert(std::uint32_t number);
  [[nodiscard]] std::uint32_t count() const;
  [[nodiscard]] const std::string& bits() const { return bits_; }
  explicit DoneSet(std::string bits = {}) : bits_(std::move(bits)) {}

 private:
  std::string bits_;  // delivery n: bit n % 8 of byte n / 8
};
[[nodiscard]] std::string encode_done(MessageId id, const DoneSet& done);
[[nodiscard]] RecordResult<DoneSet> decode_done(std::string_view key, std::string_view value);

struct Quarantined {
  std::string reason;
  std::string value;  // as it was found
};
[[nodiscard]] std::string encode_quarantined(std::string_view key, const Quarantined& record);
[[nodiscard]] RecordResult<Quarantined> decode_quarantined(std::string_view key,
                                                           std::string_view value);

// A word of `meta`, and the empty record of q.stage.
[[nodiscard]] std::string encode_word(std::string_view key, std::string_view word);
[[nodiscard]] RecordResult<std::string> decode_word(std::string_view key, std::string_view value);

}  // namespace postrider::store
