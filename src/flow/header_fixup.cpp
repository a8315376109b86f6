#include "header_fixup.hpp"

#include <utility>
#include <vector>

#include <postrider/base/address_literal.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/dns/domain_name.hpp>
#include <postrider/codec/mime/address.hpp>
#include <postrider/codec/mime/authentication_results.hpp>
#include <postrider/codec/mime/header_edit.hpp>
#include <postrider/codec/mime/header_writer.hpp>
#include <postrider/policy/send_as.hpp>

namespace postrider::flow {
namespace {

constexpr std::size_t usual_received_octets = 320;

std::unexpected<IntakeError> refuse(IntakeFailure kind, std::string text) {
  return failure(IntakeError{kind, std::move(text)});
}

// The mailboxes of the first field of that name.
Result<std::vector<mime::Mailbox>, IntakeError> read_mailboxes(const mime::HeaderField& field) {
  const auto list = mime::parse_address_list(field.value);
  if (!list) {
    return refuse(IntakeFailure::malformed,
                  std::string(field.name) + " holds no list of addresses");
  }
  auto mailboxes = mime::flatten(*list);
  for (const mime::Mailbox& mailbox : mailboxes) {
    if (mailbox.local_part.empty() || mailbox.domain.empty()) {
      return refuse(IntakeFailure::malformed,
                    std::string(field.name) + " holds an address without a domain");
    }
  }
  if (mailboxes.empty()) {
    return refuse(IntakeFailure::no_from, std::string(field.name) + " names nobody");
  }
  return mailboxes;
}

Result<void, IntakeError> check_allowed(const std::vector<mime::Mailbox>& mailboxes,
                                        const Conversation& conversation) {
  const policy::Identity identity{conversation.account, conversation.tenant, conversation.send_as};
  for (const mime::Mailbox& mailbox : mailboxes) {
    if (!policy::may_send_as(identity, mailbox.addr_spec())) {
      return refuse(IntakeFailure::from_not_allowed, quoted_for_log(conversation.account, 80) +
                                                         " may not send as " +
                                                         quoted_for_log(mailbox.addr_spec(), 80));
    }
  }
  return {};
}

void complete(mime::HeaderEdit& edit, const mime::HeaderSection& section, const FixUp& facts) {
  edit.remove("Bcc");
  edit.remove("Resent-Bcc");
  if (!section.has("Date")) {
    edit.append("Date: " + encode_rfc5322_date(facts.now));
  }
  if (!section.has("Message-ID")) {
    edit.append("Message-ID: <" + facts.id.text() + "@" + facts.hostname + ">");
  }
}

std::string domain_of(const mime::Mailbox& mailbox) {
  const auto name = dns::to_a_label(mailbox.domain);
  return name ? *name : std::string();
}

}  // namespace

Result<std::string, IntakeError> check_from(const mime::HeaderSection& section,
                                            const Conversation& conversation, bool smtputf8) {
  const bool strict = conversation.door == Door::submission;
  const mime::HeaderField* from = section.find("From");
  if (from == nullptr) {
    return strict ? Result<std::string, IntakeError>(
                        refuse(IntakeFailure::no_from, "the message has no From"))
                  : std::string();
  }
  if (strict && section.count("From") > 1) {
    return refuse(IntakeFailure::malformed, "the message has more than one From");
  }
  const auto mailboxes = read_mailboxes(*from);
  if (!mailboxes) {
    return strict ? Result<std::string, IntakeError>(failure(mailboxes.error())) : std::string();
  }
  if (strict && !conversation.account.empty()) {
    const mime::HeaderField* resent = section.find("Resent-From");
    const auto senders = resent != nullptr ? read_mailboxes(*resent) : mailboxes;
    if (!senders) {
      return failure(senders.error());
    }
    if (auto allowed = check_allowed(*senders, conversation); !allowed) {
      return failure(std::move(allowed.error()));
    }
  }
  for (const mime::Mailbox& mailbox : *mailboxes) {
    // RFC 6532: text in UTF-8 is tolerated as everywhere, an address can't be.
    if (strict && !smtputf8 && !is_ascii(mailbox.local_part)) {
      return refuse(IntakeFailure::needs_smtputf8, "the address in From needs SMTPUTF8");
    }
  }
  return domain_of(mailboxes->front());
}

std::string received_field(const Conversation& conversation, const FixUp& facts) {
  // RFC 5321 4.4, TCP-info: the name that DNS knows, if there is one, and the address.
  std::string text;
  text.reserve(usual_received_octets);
  text.append("from ").append(conversation.helo.empty() ? "unknown" : conversation.helo);
  text.append(" (").append(conversation.client.name);
  text.append(conversation.client.name.empty() ? "" : " ");
  text.append(encode_address_literal(conversation.peer.ip));
  text.append(") by ").append(facts.hostname);
  text.append(" (Postrider) with ").append(conversation.protocol);
  if (!conversation.tls.empty()) {
    text.append(" (").append(conversation.tls).append(")");
  }
  text.append(" id ").append(facts.id.text());
  if (!facts.single_recipient.empty()) {
    text.append(" for <").append(facts.single_recipient).append(">");
  }
  text.append("; ").append(encode_rfc5322_date(facts.now));
  std::string out;
  mime::HeaderWriter(out, facts.smtputf8).structured("Received", text);
  return out;
}

std::string complete_submission(const mime::HeaderSection& section, const FixUp& facts) {
  mime::HeaderEdit edit(section);
  complete(edit, section, facts);
  return edit.encode();
}

std::string fix_up(const mime::HeaderSection& section, const Conversation& conversation,
                   const FixUp& facts) {
  mime::HeaderEdit edit(section);
  edit.remove("Return-Path");
  if (!facts.authserv_id.empty()) {
    mime::remove_claimed_results(edit, section, facts.authserv_id);
    edit.remove(verdict_field);
  }
  if (conversation.door == Door::submission) {
    complete(edit, section, facts);
  }
  if (conversation.door != Door::internal) {
    edit.insert_at_top(received_field(conversation, facts));
  }
  for (const std::string& field : facts.findings) {
    edit.insert_at_top(field);
  }
  return edit.encode();
}

}  // namespace postrider::flow
