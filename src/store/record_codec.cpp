#include "record_codec.hpp"

#include "record_seal.hpp"

#include <bit>
#include <functional>

#include <postrider/base/record_fields.hpp>
#include <postrider/base/text.hpp>

namespace postrider::store {
namespace {

// Flips the sign bit, so that times before 1970 sort before those after.
constexpr std::uint64_t sign_bit = 1ULL << 63;
// An envelope's disposition stands above its four flags.
constexpr std::uint64_t disposition_unit = 16;

std::uint64_t flags_of(std::initializer_list<bool> bits) {
  std::uint64_t flags = 0;
  std::uint64_t bit = 1;
  for (const bool set : bits) {
    flags |= set ? bit : 0;
    bit <<= 1;
  }
  return flags;
}

void write_recipient(FieldWriter& out, const Recipient& recipient) {
  const Notify& notify = recipient.notify;
  out.text(recipient.address)
      .text(recipient.orcpt)
      .number(flags_of({notify.never, notify.success, notify.failure, notify.delay}))
      .number(static_cast<std::uint64_t>(recipient.local.kind));
  if (recipient.local.kind != LocalKind::none) {
    out.text(recipient.local.name).text(recipient.local.detail);
  }
}

Recipient read_recipient(FieldReader& in) {
  Recipient recipient;
  recipient.address = in.text();
  recipient.orcpt = in.text();
  const std::uint64_t flags = in.number(15);
  recipient.notify = {.never = (flags & 1) != 0,
                      .success = (flags & 2) != 0,
                      .failure = (flags & 4) != 0,
                      .delay = (flags & 8) != 0};
  recipient.local.kind =
      static_cast<LocalKind>(in.number(static_cast<std::uint64_t>(LocalKind::server)));
  if (recipient.local.kind != LocalKind::none) {
    recipient.local.name = in.text();
    recipient.local.detail = in.text();
  }
  return recipient;
}

void write_reply(FieldWriter& out, const LastReply& reply) {
  out.number(reply.code)
      .text(reply.enhanced)
      .text(reply.text)
      .text(reply.remote)
      .wall_time(reply.time);
}

LastReply read_reply(FieldReader& in) {
  LastReply reply;
  reply.code = static_cast<std::uint16_t>(in.number(UINT16_MAX));
  reply.enhanced = in.text();
  reply.text = in.text();
  reply.remote = in.text();
  reply.time = in.wall_time();
  return reply;
}

EnvelopeFacts read_facts(FieldReader& in) {
  EnvelopeFacts facts;
  facts.deliveries = in.number32();
  facts.body_records = in.number32();
  return facts;
}

bool read_envelope(FieldReader& in, Envelope& envelope) {
  const EnvelopeFacts facts = read_facts(in);
  envelope.body_chunks = in.number32();
  envelope.tenant = in.text();
  envelope.account = in.text();
  envelope.reverse_path = in.text();
  envelope.envid = in.text();
  const std::uint64_t ret = in.number();
  const std::uint64_t priority = in.number();
  envelope.ret = static_cast<Return>(ret);
  envelope.priority = static_cast<Priority>(priority);
  const std::uint64_t flags = in.number(disposition_unit * 4 - 1);
  envelope.smtputf8 = (flags & 1) != 0;
  envelope.eight_bit = (flags & 2) != 0;
  envelope.require_tls = (flags & 4) != 0;
  envelope.tls_not_required = (flags & 8) != 0;
  const std::uint64_t disposition = flags / disposition_unit;
  envelope.disposition = static_cast<Disposition>(disposition);
  envelope.hops = static_cast<std::uint8_t>(in.number(UINT8_MAX));
  envelope.received_at = in.wall_time();
  envelope.origin = in.text();
  envelope.size_octets = in.number();
  envelope.checksum = in.fixed64();
  envelope.destinations.resize(in.count());
  for (Destination& destination : envelope.destinations) {
    destination.domain = in.text();
    const std::size_t recipients = in.count();
    for (std::size_t i = 0; i < recipients && in.is_sound(); ++i) {
      destination.recipients.push_back(read_recipient(in));
    }
  }
  return ret <= static_cast<std::uint64_t>(Return::headers) &&
         priority <= static_cast<std::uint64_t>(Priority::bulk) &&
         disposition <= static_cast<std::uint64_t>(Disposition::quarantine) &&
         facts.deliveries == envelope.destinations.size();
}

bool read_progress(FieldReader& in, Progress& progress) {
  progress.attempts = in.number32();
  progress.next_due = in.wall_time();
  progress.held = in.flag();
  progress.hold_reason = in.text();
  progress.suspended = Duration(static_cast<std::int64_t>(in.fixed64()));
  if (in.flag()) {
    progress.warned = in.wall_time();
  }
  const std::size_t recipients = in.count();
  bool is_valid = true;
  for (std::size_t i = 0; i < recipients && in.is_sound(); ++i) {
    const std::uint64_t state = in.number();
    is_valid = is_valid && state <= static_cast<std::uint64_t>(RecipientState::failed);
    progress.recipients.push_back({static_cast<RecipientState>(state), read_reply(in)});
  }
  return is_valid;
}

}  // namespace

std::string_view describe(RecordError error) {
  switch (error) {
    case RecordError::truncated:
      return "the record is cut short or too long";
    case RecordError::checksum:
      return "the checksum does not fit: damaged, or under a wrong key";
    case RecordError::version:
      return "written by a newer version of the program";
    case RecordError::invalid:
      return "a field has a value that does not exist";
  }
  return "unknown";
}

std::string message_key(MessageId id) {
  std::string key;
  append_be(key, id.value(), 8);
  return key;
}

std::string chunk_key(MessageId id, std::uint32_t chunk) {
  std::string key = message_key(id);
  append_be(key, chunk, 4);
  return key;
}

std::string delivery_key(DeliveryId id) {
  return chunk_key(id.message, id.number);
}

std::string due_key(WallTime due, DeliveryId id) {
  std::string key;
  append_be(key, static_cast<std::uint64_t>(due.time_since_epoch().count()) ^ sign_bit, 8);
  key += delivery_key(id);
  return key;
}

std::string quarantine_key(Family family, std::string_view key) {
  std::string out(1, static_cast<char>(family));
  out += key;
  return out;
}

std::string past_message(MessageId id) {
  return id.value() == UINT64_MAX ? std::string(13, '\xff')
                                  : message_key(MessageId(id.value() + 1));
}

std::optional<MessageId> parse_message_key(std::string_view key) {
  if (key.size() < 8) {
    return std::nullopt;
  }
  return MessageId(parse_be(key.substr(0, 8)));
}

std::optional<DeliveryId> parse_delivery_key(std::string_view key) {
  if (key.size() != 12) {
    return std::nullopt;
  }
  return DeliveryId{MessageId(parse_be(key.substr(0, 8))),
                    static_cast<std::uint32_t>(parse_be(key.substr(8)))};
}

std::optional<DueKey> parse_due_key(std::string_view key) {
  if (key.size() != 20) {
    return std::nullopt;
  }
  const auto nanos = static_cast<std::int64_t>(parse_be(key.substr(0, 8)) ^ sign_bit);
  return DueKey{WallTime(Duration(nanos)), *parse_delivery_key(key.substr(8))};
}

std::string encode_body_seal(std::string_view key, std::string_view octets) {
  std::string out;
  append_be(out, checksum_of(key, octets), checksum_bytes);
  out.push_back(static_cast<char>(format_version));
  return out;
}

RecordResult<std::string> decode_body(std::string_view key, std::string value) {
  if (value.size() < seal_bytes) {
    return failure(RecordError::truncated);
  }
  if (static_cast<std::uint8_t>(value.back()) != format_version) {
    return failure(RecordError::version);
  }
  const std::size_t size = value.size() - seal_bytes;
  const std::string_view view(value);
  if (parse_be(view.substr(size, checksum_bytes)) != checksum_of(key, view.substr(0, size))) {
    return failure(RecordError::checksum);
  }
  value.resize(size);
  return value;
}

std::string encode_envelope(const Envelope& envelope) {
  FieldWriter out;
  out.number(envelope.destinations.size()).number(std::max(1U, envelope.body_chunks));
  out.number(envelope.body_chunks)
      .text(envelope.tenant)
      .text(envelope.account)
      .text(envelope.reverse_path)
      .text(envelope.envid)
      .number(static_cast<std::uint64_t>(envelope.ret))
      .number(static_cast<std::uint64_t>(envelope.priority))
      .number(flags_of({envelope.smtputf8, envelope.eight_bit, envelope.require_tls,
                        envelope.tls_not_required}) |
              static_cast<std::uint64_t>(envelope.disposition) * disposition_unit)
      .number(envelope.hops)
      .wall_time(envelope.received_at)
      .text(envelope.origin)
      .number(envelope.size_octets)
      .fixed64(envelope.checksum)
      .number(envelope.destinations.size());
  for (const Destination& destination : envelope.destinations) {
    out.text(destination.domain).number(destination.recipients.size());
    for (const Recipient& recipient : destination.recipients) {
      write_recipient(out, recipient);
    }
  }
  return seal(message_key(envelope.id), std::move(out));
}

RecordResult<Envelope> decode_envelope(std::string_view key, std::string_view value) {
  const auto id = parse_message_key(key);
  if (!id || key.size() != 8) {
    return failure(RecordError::invalid);
  }
  auto envelope = decode<Envelope>(key, value, read_envelope);
  if (envelope) {
    envelope->id = *id;
  }
  return envelope;
}

RecordResult<EnvelopeFacts> decode_envelope_facts(std::string_view key, std::string_view value) {
  const auto payload = unseal(key, value);
  if (!payload) {
    return failure(payload.error());
  }
  FieldReader in(*payload);
  const EnvelopeFacts facts = read_facts(in);
  if (!in.is_sound()) {
    return failure(RecordError::truncated);
  }
  return facts;
}

std::string encode_progress(DeliveryId id, const Progress& progress) {
  FieldWriter out;
  out.number(progress.attempts)
      .wall_time(progress.next_due)
      .flag(progress.held)
      .text(progress.hold_reason)
      .fixed64(static_cast<std::uint64_t>(progress.suspended.count()))
      .flag(progress.warned.has_value());
  if (progress.warned) {
    out.wall_time(*progress.warned);
  }
  out.number(progress.recipients.size());
  for (const RecipientProgress& recipient : progress.recipients) {
    out.number(static_cast<std::uint64_t>(recipient.state));
    write_reply(out, recipient.last);
  }
  return seal(delivery_key(id), std::move(out));
}

RecordResult<Progress> decode_progress(std::string_view key, std::string_view value) {
  return decode<Progress>(key, value, read_progress);
}

std::string encode_attempt(DeliveryId id, const Attempt& attempt) {
  FieldWriter out;
  out.number(attempt.attempt).wall_time(attempt.begun);
  return seal(delivery_key(id), std::move(out));
}

RecordResult<Attempt> decode_attempt(std::string_view key, std::string_view value) {
  return decode<Attempt>(key, value, [](FieldReader& in, Attempt& attempt) {
    attempt.attempt = in.number32();
    attempt.begun = in.wall_time();
    return true;
  });
}

bool DoneSet::contains(std::uint32_t number) const {
  return number / 8 < bits_.size() &&
         ((static_cast<std::uint8_t>(bits_[number / 8]) >> (number % 8)) & 1U) != 0;
}

void DoneSet::insert(std::uint32_t number) {
  if (number / 8 >= bits_.size()) {
    bits_.resize(number / 8 + 1);
  }
  bits_[number / 8] =
      static_cast<char>(static_cast<std::uint8_t>(bits_[number / 8]) | (1U << (number % 8)));
}

std::uint32_t DoneSet::count() const {
  std::uint32_t set = 0;
  for (const char c : bits_) {
    set += static_cast<std::uint32_t>(std::popcount(static_cast<std::uint8_t>(c)));
  }
  return set;
}

std::string encode_done(MessageId id, const DoneSet& done) {
  FieldWriter out;
  out.text(done.bits());
  return seal(message_key(id), std::move(out));
}

RecordResult<DoneSet> decode_done(std::string_view key, std::string_view value) {
  return decode<DoneSet>(key, value, [](FieldReader& in, DoneSet& done) {
    done = DoneSet(in.text());
    return true;
  });
}

std::string encode_quarantined(std::string_view key, const Quarantined& record) {
  FieldWriter out;
  out.text(record.reason).text(record.value);
  return seal(key, std::move(out));
}

RecordResult<Quarantined> decode_quarantined(std::string_view key, std::string_view value) {
  return decode<Quarantined>(key, value, [](FieldReader& in, Quarantined& record) {
    record.reason = in.text();
    record.value = in.text();
    return true;
  });
}

std::string encode_word(std::string_view key, std::string_view word) {
  FieldWriter out;
  out.text(word);
  return seal(key, std::move(out));
}

RecordResult<std::string> decode_word(std::string_view key, std::string_view value) {
  return decode<std::string>(key, value, [](FieldReader& in, std::string& word) {
    word = in.text();
    return true;
  });
}

}  // namespace postrider::store
