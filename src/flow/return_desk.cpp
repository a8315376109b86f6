#include <algorithm>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/flow/return_desk.hpp>

namespace postrider::flow {

namespace {

using report::Recognized;
using report::ReturnedRecipient;
using report::ReturnKind;

constexpr std::size_t text_octets_max = 500;  // of what a remote host said, in an event
constexpr std::size_t name_octets_max = 320;  // of an address or a host that a report names

std::string domain_of(std::string_view address) {
  const std::size_t at = address.rfind('@');
  return at == address.npos ? std::string() : to_lower(address.substr(at + 1));
}

// Reports hold what others wrote: one line, of a bounded length.
std::string shown(std::string_view text, std::size_t most) {
  std::string out(text.substr(0, most));
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  // A character that was cut in two.
  while (!out.empty() && !is_utf8(out) && out.size() + 4 > most) {
    out.pop_back();
  }
  return is_utf8(out) ? out : quoted_for_log(out, most);
}

Recognized recognize_returned(const ReturnedMail& mail, const report::BounceRules& rules) {
  const std::string_view octets = mail.octets.substr(0, return_octets_max);
  if (!mail.reverse_path.empty()) {
    return report::recognize(octets, rules);
  }
  // As delivery would write it (RFC 5321 4.4): plain bounces are known by it.
  std::string whole = "Return-Path: <>\r\n";
  whole += octets;
  return report::recognize(whole, rules);
}

std::optional<EventKind> event_kind_of(ReturnKind kind) {
  switch (kind) {
    case ReturnKind::dsn:
    case ReturnKind::plain_bounce:
      return EventKind::bounce_received;
    case ReturnKind::feedback:
      return EventKind::complaint_received;
    case ReturnKind::autoreply:
      return EventKind::autoreply_received;
    case ReturnKind::ordinary:
      break;
  }
  return std::nullopt;
}

// That it went well, or on, is for who asked to hear it, and no return.
bool is_failure(const ReturnedRecipient& recipient) {
  return recipient.action != "delivered" && recipient.action != "relayed" &&
         recipient.action != "expanded";
}

bool is_about(const ReturnedRecipient& one, const std::string& recipient) {
  return equals_ignoring_case(one.original_recipient, recipient) ||
         equals_ignoring_case(one.recipient, recipient);
}

// Of a report with several recipients, those that the message can be about. An address that was
// forwarded comes back under its last name.
std::vector<ReturnedRecipient> chosen(const Recognized& found, const std::string& recipient) {
  std::vector<ReturnedRecipient> out;
  for (const ReturnedRecipient& one : found.recipients) {
    if (recipient.empty() || is_about(one, recipient)) {
      out.push_back(one);
    }
  }
  if (out.empty()) {
    out.push_back(found.recipients.empty() ? ReturnedRecipient{} : found.recipients.front());
  }
  out.resize(std::min(out.size(), return_events_max));
  return out;
}

}  // namespace

engine::Task<ReturnDesk::Cause> ReturnDesk::find_cause(SentTo about, bool is_recipient_known) {
  Cause out{about.message, co_await ledger_.find(about.message), {}};
  const std::string* to = out.sent && is_recipient_known ? out.sent->find(about) : nullptr;
  out.recipient = to == nullptr ? std::string() : *to;
  co_return out;
}

std::vector<Event> ReturnDesk::tell(const Recognized& found, const Cause& cause,
                                    const ReturnedMail& mail) const {
  std::vector<Event> out;
  const auto kind = event_kind_of(found.kind);
  if (!kind || (*kind == EventKind::bounce_received && !mail.reverse_path.empty())) {
    return out;
  }
  for (const ReturnedRecipient& one : chosen(found, cause.recipient)) {
    if (*kind == EventKind::bounce_received && !is_failure(one)) {
      continue;
    }
    Event event;
    event.kind = *kind;
    event.time = mail.now;
    event.id = cause.message;
    event.tenant = cause.sent ? cause.sent->tenant : "";
    event.from = cause.sent ? cause.sent->reverse_path : "";
    const std::string& named =
        one.original_recipient.empty() ? one.recipient : one.original_recipient;
    event.to = cause.recipient.empty() ? shown(named, name_octets_max) : cause.recipient;
    event.domain = domain_of(event.to);
    event.remote = shown(found.reporter, name_octets_max);
    event.code = static_cast<std::uint16_t>(parse_decimal(one.reply).value_or(0));
    event.enhanced = shown(one.status, 16);
    event.text = shown(one.text.empty() ? found.reason : one.text, text_octets_max);
    event.bounce_class = shown(one.bounce_class, 64);
    event.action = one.action;
    if (*kind == EventKind::bounce_received && event.bounce_class.empty()) {
      event.bounce_class =
          rules_.classify({.enhanced = one.status, .reply = one.reply, .text = one.text});
    }
    out.push_back(std::move(event));
  }
  return out;
}

engine::Task<ReturnFinding> ReturnDesk::judge(SentTo about, ReturnedMail mail) {
  const Cause cause = co_await find_cause(about, true);
  Recognized found = recognize_returned(mail, rules_);
  if (found.kind == ReturnKind::ordinary && mail.reverse_path.empty()) {
    // Nobody but a mail system writes to this address in the name of nobody.
    found.kind = ReturnKind::plain_bounce;
    found.reason = "a report that says nothing that can be read";
  }
  co_return ReturnFinding{tell(found, cause, mail), cause.sent ? cause.sent->reverse_path : ""};
}

engine::Task<ReturnFinding> ReturnDesk::judge_other(ReturnedMail mail) {
  const Recognized found = recognize_returned(mail, rules_);
  if (found.kind != ReturnKind::dsn && found.kind != ReturnKind::feedback) {
    co_return ReturnFinding{};
  }
  SentTo about;
  bool is_recipient_known = false;
  if (const auto id = addresses_.read_envelope_id(found.original.envelope_id)) {
    about.message = *id;
  } else if (const auto own = addresses_.read(found.original.sender, mail.now);
             own && own->kind == OwnAddress::Kind::returned) {
    about = own->about;
    is_recipient_known = true;
  } else {
    co_return ReturnFinding{};
  }
  const Cause cause = co_await find_cause(about, is_recipient_known);
  co_return ReturnFinding{tell(found, cause, mail), cause.sent ? cause.sent->reverse_path : ""};
}

bool ReturnDesk::may_be_report(const ReturnedMail& mail) {
  const auto end = mime::find_blank_line(mail.octets);
  const std::string_view header = mail.octets.substr(0, end.value_or(mail.octets.size()));
  const auto names = [header](std::string_view word) {
    return !std::ranges::search(header, word, {}, ascii_lower).empty();
  };
  return names(mail.reverse_path.empty() ? "multipart/report" : "feedback-report");
}

}  // namespace postrider::flow
