#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/base64.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/dns/domain_name.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/report/dsn.hpp>
#include <postrider/flow/dsn.hpp>

namespace postrider::flow {

namespace {

constexpr int boundary_attempts = 4;
constexpr std::size_t boundary_random_octets = 15;

std::string random_token(Random& random) {
  std::string octets(boundary_random_octets, '\0');
  random.fill(std::as_writable_bytes(std::span(octets)));
  return encode_hex(octets);
}

// "2.0.0" and so on, where the peer gave none (RFC 3463 2).
std::string status_of(const ReportedRecipient& reported) {
  const char klass = reported.fate == Fate::failed    ? '5'
                     : reported.fate == Fate::delayed ? '4'
                                                      : '2';
  const std::string& given = reported.last.enhanced;
  if (given.size() > 1 && given.front() == klass) {
    return given;
  }
  // Given up while it was deferred: the detail stays, the class is what became of it.
  return given.size() > 1 && klass == '5' && given.front() == '4' ? "5" + given.substr(1)
                                                                  : fmt::format("{}.0.0", klass);
}

report::DsnAddress original_address(std::string_view orcpt) {
  const std::size_t semicolon = orcpt.find(';');
  return {std::string(orcpt.substr(0, semicolon)), std::string(orcpt.substr(semicolon + 1))};
}

// "mx.example.org [192.0.2.1]:25" as a host's name.
std::string host_of(std::string_view remote) {
  return std::string(remote.substr(0, remote.find(' ')));
}

report::RecipientStatus status_entry(const ReportedRecipient& reported) {
  report::RecipientStatus out;
  const store::LastReply& last = reported.last;
  if (reported.recipient.orcpt.find(';') != std::string::npos) {
    out.original = original_address(reported.recipient.orcpt);
  }
  out.final = report::make_dsn_address(reported.recipient.address);
  out.action = reported.fate == Fate::failed      ? report::Action::failed
               : reported.fate == Fate::delayed   ? report::Action::delayed
               : reported.fate == Fate::delivered ? report::Action::delivered
                                                  : report::Action::relayed;
  out.status = status_of(reported);
  if (!last.remote.empty()) {
    out.remote_mta = host_of(last.remote);
  }
  std::string words = last.text;
  std::ranges::replace(words, '\n', ' ');
  if (last.code != 0) {
    out.diagnostic = last.enhanced.empty()
                         ? fmt::format("{} {}", last.code, words)
                         : fmt::format("{} {} {}", last.code, last.enhanced, words);
  } else if (!words.empty()) {
    out.diagnostic = words;
    out.diagnostic_type = "x-postrider";
  }
  if (last.time != WallTime{}) {
    out.last_attempt = last.time;
  }
  if (reported.fate == Fate::delayed) {
    out.will_retry_until = reported.will_retry_until;
  }
  return out;
}

report::DsnRequest dsn_request(const ReportOrder& order, Random& random) {
  const store::Envelope& about = order.about;
  report::DsnRequest out;
  if (!about.envid.empty()) {
    out.status.envelope_id = about.envid;
  }
  out.status.reporting_mta = order.hostname;
  out.status.arrival_date = about.received_at;
  for (const ReportedRecipient& reported : order.recipients) {
    out.status.recipients.push_back(status_entry(reported));
  }
  out.to = about.reverse_path;
  out.hostname = order.hostname;
  out.message_id =
      fmt::format("{}.{}@{}", order.id.text(), random_token(random).substr(0, 8), order.hostname);
  out.boundary = "postrider-" + random_token(random);
  out.date = order.now;
  out.original = order.original;
  // RFC 3461 4.3: RET speaks of failures; other reports return the header at most.
  const bool any_failed = std::ranges::any_of(
      order.recipients, [](const ReportedRecipient& r) { return r.fate == Fate::failed; });
  out.returned = about.ret == store::Return::full && any_failed && order.is_original_whole
                     ? report::Returned::full
                     : report::Returned::headers;
  out.utf8_allowed = about.smtputf8;
  out.eight_bit_allowed = true;
  return out;
}

// A report that can't be signed is worth more than none.
void sign(const ReportOrder& order, std::string& message) {
  const auto end = mime::find_blank_line(message);
  const auto work =
      order.signer == nullptr || !end ? nullptr : order.signer->begin(to_lower(order.hostname));
  if (!work) {
    return;
  }
  const std::size_t body = *end + 2;  // past the blank line
  work->update(std::string_view(message).substr(body));
  if (const auto fields = work->finish(std::string_view(message).substr(0, body), order.now)) {
    message.insert(0, *fields);
  }
}

}  // namespace

bool is_report_wanted(const store::Envelope& envelope, const store::Recipient& recipient,
                      Fate fate) {
  const store::Notify& notify = recipient.notify;
  if (envelope.reverse_path.empty() || notify.never) {
    return false;
  }
  const bool is_absent = !notify.success && !notify.failure && !notify.delay;
  switch (fate) {
    case Fate::failed:
      return notify.failure || is_absent;
    case Fate::delayed:
      return notify.delay || is_absent;
    case Fate::delivered:
    case Fate::relayed:
      return notify.success;
  }
  return false;
}

std::optional<store::NewMessage> make_report(const ReportOrder& order, Random& random) {
  const std::string& to = order.about.reverse_path;
  const std::size_t at = to.rfind('@');
  if (at == std::string::npos || at == 0 || at + 1 == to.size()) {
    return std::nullopt;
  }
  report::DsnRequest request = dsn_request(order, random);
  auto encoded = report::encode_dsn(request);
  for (int i = 0; !encoded && i < boundary_attempts; ++i) {
    request.boundary = "postrider-" + random_token(random);
    encoded = report::encode_dsn(request);
  }
  if (!encoded) {
    return std::nullopt;
  }
  sign(order, encoded->message);
  auto envelope = std::make_shared<store::Envelope>();
  envelope->id = order.id;
  envelope->tenant = order.about.tenant;
  envelope->priority = store::Priority::normal;
  envelope->smtputf8 = encoded->needs_smtputf8;
  envelope->eight_bit = encoded->needs_8bit;
  // RFC 8689 5: what a report tells of the message is as secret as the message.
  envelope->require_tls = order.about.require_tls;
  envelope->tls_not_required = order.about.tls_not_required;
  envelope->received_at = order.now;
  envelope->origin = "report about " + order.about.id.text();
  envelope->size_octets = encoded->message.size();
  store::Destination destination;
  const std::string_view domain = std::string_view(to).substr(at + 1);
  destination.domain =
      domain.starts_with('[') ? to_lower(domain) : dns::to_a_label(domain).value_or("");
  if (destination.domain.empty()) {
    return std::nullopt;
  }
  store::Recipient recipient;
  recipient.address = to;
  recipient.notify.never = true;  // RFC 3461 6.1: reports cause no reports
  destination.recipients.push_back(std::move(recipient));
  envelope->destinations.push_back(std::move(destination));
  return store::NewMessage{std::move(envelope), SharedOctets(std::move(encoded->message))};
}

}  // namespace postrider::flow
