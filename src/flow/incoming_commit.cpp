// The end of a message: its header is made, and one commit puts it into the queue.
#include "destinations.hpp"
#include "header_fixup.hpp"
#include "incoming_message.hpp"

#include <utility>

#include <postrider/base/kill_point.hpp>

namespace postrider::flow {

namespace {

// In the body's own memory where it has room for both.
std::string join(std::string header, std::string body) {
  if (body.capacity() - body.size() < header.size()) {
    return std::move(header) + body;
  }
  body.insert(0, header);
  return body;
}

}  // namespace

engine::Task<QueuedMessage::Outcome> QueuedMessage::finish_content() {
  if (sends()) {
    normalized_.clear();
    normalizer_.finish(normalized_);
    if (!ends_in_crlf_ && !normalized_.ends_with("\r\n")) {
      normalized_ += "\r\n";  // BDAT may leave it out (RFC 3030 2), DATA can't send it without
    }
    if (auto taken = co_await take(normalized_); !taken) {
      co_return taken;
    }
  } else if (content_.has_bare_line_break()) {
    co_return failure(
        fail(IntakeFailure::malformed, "the message holds CR or LF that are no CRLF"));
  }
  if (!header_closed_) {
    co_return co_await close_header();
  }
  co_return Outcome{};
}

Result<std::string, IntakeError> QueuedMessage::make_header(MessageId id) {
  const Section section = scan();
  if (!section) {
    return failure(fail(section.error().kind, section.error().text));
  }
  FixUp facts;
  facts.hostname = core_.settings.hostname;
  facts.id = id;
  facts.now = core_.doors.reactor.wall_now();
  facts.smtputf8 = transaction_.smtputf8;
  facts.single_recipient = single_recipient_;
  facts.findings = findings_;
  if (conversation_.door == Door::inbound || conversation_.door == Door::submission) {
    facts.authserv_id = authserv_id_of(core_.settings);
  }
  std::string header = fix_up(*section, conversation_, facts);
  if (signing_) {
    auto signatures = signing_->finish(header, facts.now);
    if (!signatures) {
      return failure(fail(IntakeFailure::store_failed, "signing failed: " + signatures.error()));
    }
    header.insert(0, *signatures);
    kill_point("intake.signed");
  }
  return header;
}

std::shared_ptr<const store::Envelope> QueuedMessage::make_envelope(MessageId id,
                                                                    std::string_view first_chunk) {
  store::Envelope out;
  out.id = id;
  out.tenant = tenant();
  out.account = conversation_.account;
  out.reverse_path = transaction_.reverse_path;
  out.envid = transaction_.envid;
  out.ret = transaction_.ret;
  out.smtputf8 = transaction_.smtputf8;
  out.eight_bit = transaction_.eight_bit || content_.has_8bit() || has_8bit_;
  out.require_tls = transaction_.require_tls;
  out.tls_not_required = tls_not_required_ && !transaction_.require_tls;  // RFC 8689 4.1
  out.disposition = disposition_;
  out.hops = hops_;
  out.received_at = core_.doors.reactor.wall_now();
  out.origin = "smtp " + conversation_.peer.text();
  out.origin += conversation_.helo.empty() ? "" : " (" + conversation_.helo + ")";
  out.size_octets = staged_ ? first_chunk.size() + body_octets_ : first_chunk.size();
  out.body_chunks = staged_ ? staged_->chunks() + 1 : 0;
  checksum_->update(first_chunk);
  out.checksum = checksum_->finish();
  out.destinations = group_by_domain(transaction_.recipients);
  return std::make_shared<const store::Envelope>(std::move(out));
}

engine::Task<Result<MessageId, IntakeError>> QueuedMessage::commit() {
  if (!failure_) {
    (void)co_await finish_content();  // a failure is kept in failure_
  }
  if (!failure_ && staged_ && !body_.empty()) {
    (void)co_await stage();  // a failure is kept in failure_
  }
  if (!failure_ && judgement_) {
    (void)co_await judge();  // a failure is kept in failure_
    kill_point("intake.judged");
  }
  if (!failure_ && is_greylisted()) {
    (void)co_await greylist();  // a failure is kept in failure_
  }
  if (!failure_ && is_filtered()) {
    (void)co_await filter();  // a failure is kept in failure_
    kill_point("intake.scanned");
  }
  if (!failure_ && is_discarded_) {
    co_return discard();
  }
  if (!failure_) {
    (void)co_await place();  // a failure is kept in failure_
  }
  if (failure_) {
    co_return failure(*failure_);
  }
  kill_point("intake.content_complete");
  if (id_.is_null()) {
    id_ = staged_ ? staged_->id() : core_.doors.queue.next_id();
  }
  const MessageId id = id_;
  auto first = make_header(id);
  if (!first) {
    co_return failure(first.error());
  }
  if (!staged_) {
    *first = join(std::move(*first), std::exchange(body_, {}));
  }
  auto envelope = make_envelope(id, *first);
  kill_point("intake.before_commit");
  const auto committed = co_await core_.doors.queue.commit(
      store::NewMessage{envelope, SharedOctets(std::move(*first)), std::move(transaction_.facts)},
      std::move(staged_));
  if (!committed) {
    const IntakeError error = intake_error_of(committed.error());
    co_return failure(fail(error.kind, error.text));
  }
  kill_point("intake.committed");
  ++core_.counters.accepted;
  learn(disposition_ == store::Disposition::inbox);
  emit_received(*envelope);
  kill_point("intake.event_told");
  co_return id;
}

void QueuedMessage::emit_received(const store::Envelope& envelope) {
  Event event;
  event.kind = EventKind::received;
  event.time = envelope.received_at;
  event.id = envelope.id;
  event.tenant = envelope.tenant;
  event.from = envelope.reverse_path;
  for (const store::Destination& destination : envelope.destinations) {
    for (const store::Recipient& recipient : destination.recipients) {
      // Enough to know it by; each recipient has events of its own later.
      if (event.to.size() < 1000) {
        event.to += event.to.empty() ? "" : ",";
        event.to += recipient.address;
      }
    }
  }
  event.domain = envelope.destinations.size() == 1 ? envelope.destinations.front().domain : "";
  event.remote = conversation_.peer.text();
  event.tls = conversation_.tls;
  event.size = envelope.size_octets;
  event.text = remark_;
  core_.doors.events.emit(std::move(event));
}

}  // namespace postrider::flow
