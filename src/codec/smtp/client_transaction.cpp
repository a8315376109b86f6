#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/smtp/client_session.hpp>
#include <postrider/codec/smtp/dot_stuffing.hpp>

// One mail transaction (RFC 5321 3.3) of a ClientSession.
namespace postrider::smtp {

namespace {

using Kind = RecipientOutcome::Kind;

bool is_open(const RecipientOutcome& outcome) {
  return outcome.kind == Kind::undecided || outcome.kind == Kind::accepted;
}

// What would end or bend the command line. Addresses were parsed when they came in; this is the
// last wall before the wire.
bool is_safe_in_path(std::string_view address) {
  const bool quoted = address.starts_with('"');
  return std::ranges::none_of(address, [quoted](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet < 0x20 || octet == 0x7f || (!quoted && (c == '<' || c == '>' || c == ' '));
  });
}

// RFC 5321 4.5.3.1.10: 552 meant what 452 means now.
bool says_too_many(const Reply& reply) {
  if (reply.code != 452 && reply.code != 552) {
    return false;
  }
  const EnhancedCode& enhanced = reply.enhanced;
  return (enhanced.subject == 5 && enhanced.detail == 3) || !enhanced.is_given();
}

Reply own_refusal(EnhancedCode enhanced, std::string text) {
  return Reply{554, enhanced, std::move(text)};
}

}  // namespace

ClientStep ClientSession::begin(ClientTransaction transaction, std::string& out,
                                std::optional<std::string_view> content) {
  check(expected_.empty() && !in_body_, "a transaction began before the last had ended");
  check(!content || can_send_at_once(), "content before the server can take it");
  transaction_ = std::move(transaction);
  outcomes_.assign(transaction_.recipients.size(), {});
  asked_.clear();
  next_rcpt_ = 0;
  mail_refused_ = false;
  content_sent_ = false;
  at_line_start_ = true;
  if (!refuse_beforehand()) {
    return ClientStep::done;
  }
  uses_bdat_ = capabilities_.chunking;
  const bool needs_reset = std::exchange(needs_reset_, false);
  if (needs_reset) {
    out += "RSET\r\n";
    expect(Await::rset);
  }
  if (!capabilities_.pipelining) {
    if (!needs_reset) {
      write_mail(out);
    }
    return ClientStep::receive;
  }
  write_mail(out);
  for (const std::size_t recipient : asked_) {
    write_rcpt(recipient, out);
  }
  next_rcpt_ = asked_.size();
  if (content) {
    write_bdat(content->size(), true, out);
    out += *content;
    expect_final_replies();
  } else if (!uses_bdat_) {
    out += "DATA\r\n";
    expect(Await::data);
  }
  return ClientStep::receive;
}

// False if nobody is left to ask. What is known to fail costs no command.
bool ClientSession::refuse_beforehand() {
  const auto refuse_all = [this](EnhancedCode code, std::string text) {
    settle_open(Kind::failed, own_refusal(code, std::move(text)), true);
  };
  const std::uint64_t limit = capabilities_.size.value_or(0);
  if (limit != 0 && transaction_.size_octets > limit) {  // RFC 1870 4
    refuse_all({5, 3, 4}, fmt::format("the message has {} octets, the server takes {}",
                                      transaction_.size_octets, limit));
  } else if (transaction_.eight_bit && !capabilities_.eight_bit_mime) {  // RFC 6152 3
    refuse_all({5, 6, 3}, "the message has 8-bit content, and the server does not take it");
  } else if ((transaction_.smtputf8 || !is_ascii(transaction_.reverse_path)) &&
             !capabilities_.smtputf8) {  // RFC 6531 3.2
    refuse_all({5, 6, 7}, "the message needs SMTPUTF8, and the server does not offer it");
  } else if (!is_safe_in_path(transaction_.reverse_path)) {
    refuse_all({5, 1, 7}, "the sender's address can't be written into a command");
  }
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    const std::string& address = transaction_.recipients[i].address;
    RecipientOutcome& outcome = outcomes_[i];
    if (outcome.kind != Kind::undecided) {
      continue;
    }
    if (!is_ascii(address) && !capabilities_.smtputf8) {
      outcome = {Kind::failed,
                 own_refusal({5, 6, 7},
                             "the address needs SMTPUTF8, and the server does not offer "
                             "it"),
                 true};
    } else if (!is_safe_in_path(address)) {
      outcome = {Kind::failed,
                 own_refusal({5, 1, 3}, "the address can't be written into a command"), true};
    } else {
      asked_.push_back(i);
    }
  }
  return !asked_.empty();
}

void ClientSession::write_mail(std::string& out) {
  MailParameters parameters;
  if (capabilities_.size) {
    parameters.size = transaction_.size_octets;
  }
  if (transaction_.eight_bit && capabilities_.eight_bit_mime) {
    parameters.body = Body::eight_bit_mime;
  }
  const bool any_utf8 = transaction_.smtputf8 || !is_ascii(transaction_.reverse_path) ||
                        std::ranges::any_of(asked_, [this](std::size_t i) {
                          return !is_ascii(transaction_.recipients[i].address);
                        });
  parameters.smtputf8 = any_utf8;
  parameters.require_tls = transaction_.require_tls && capabilities_.requiretls && tls_active_;
  if (capabilities_.dsn) {
    parameters.ret = transaction_.ret;
    parameters.envid = transaction_.envid;
  }
  transaction_.smtputf8 = any_utf8;
  out += "MAIL FROM:<";
  out += transaction_.reverse_path;
  out += '>';
  out += encode_mail_parameters(parameters);
  out += "\r\n";
  expect(Await::mail);
}

void ClientSession::write_rcpt(std::size_t recipient, std::string& out) {
  const ClientRecipient& to = transaction_.recipients[recipient];
  out += "RCPT TO:<";
  out += to.address;
  out += '>';
  if (capabilities_.dsn) {
    out += encode_rcpt_parameters(to.parameters, transaction_.smtputf8);
  }
  out += "\r\n";
  expect(Await::rcpt, recipient);
}

ClientStep ClientSession::on_transaction_reply(Expected expected, const Reply& reply,
                                               std::string& out) {
  switch (expected.what) {
    case Await::rset:
      if (!capabilities_.pipelining) {
        write_mail(out);
      }
      return ClientStep::receive;
    case Await::mail:
      if (reply.code / 100 == 3) {
        return protocol_error(reply);
      }
      if (reply.code / 100 != 2) {
        mail_refused_ = true;
        settle_open(reply.is_permanent() ? Kind::failed : Kind::deferred, reply, false);
      }
      return after_rcpt(out);
    case Await::rcpt:
      if (reply.code / 100 == 3) {
        return protocol_error(reply);
      }
      if (!mail_refused_) {
        on_rcpt(expected.recipient, reply);
      }
      return after_rcpt(out);
    case Await::data:
      return on_data(reply, out);
    case Await::bdat:
      return on_bdat(reply);
    case Await::final:
      return on_final(expected.recipient, reply);
    case Await::ignored:
      return ClientStep::done;
    default:
      return protocol_error(reply);
  }
}

void ClientSession::on_rcpt(std::size_t recipient, const Reply& reply) {
  RecipientOutcome& outcome = outcomes_[recipient];
  outcome.reply = reply;
  if (reply.code / 100 == 2) {
    outcome.kind = Kind::accepted;
  } else if (says_too_many(reply) && has(Kind::accepted)) {
    // RFC 5321 4.5.3.1.10: the rest goes in another transaction, at once.
    outcome.kind = Kind::crowded;
  } else {
    outcome.kind = reply.is_permanent() && reply.code != 552 ? Kind::failed : Kind::deferred;
  }
}

// Whenever a reply to MAIL or RCPT was taken: what comes next.
ClientStep ClientSession::after_rcpt(std::string& out) {
  if (!expected_.empty()) {
    return ClientStep::receive;
  }
  if (!mail_refused_ && next_rcpt_ < asked_.size()) {
    write_rcpt(asked_[next_rcpt_++], out);
    return ClientStep::receive;
  }
  if (!has(Kind::accepted)) {
    needs_reset_ = !mail_refused_;
    return ClientStep::done;
  }
  if (uses_bdat_) {
    in_body_ = true;
    return ClientStep::send_body;
  }
  out += "DATA\r\n";
  expect(Await::data);
  return ClientStep::receive;
}

ClientStep ClientSession::on_data(const Reply& reply, std::string& out) {
  if (reply.code == 354) {
    if (has(Kind::accepted)) {
      in_body_ = true;
      return ClientStep::send_body;
    }
    // RFC 2920 3.1: nobody was accepted, and the server wants content all the same.
    out += ".\r\n";
    expect(Await::ignored);
    return ClientStep::receive;
  }
  if (!reply.is_transient() && !reply.is_permanent()) {
    return protocol_error(reply);
  }
  settle_open(reply.is_permanent() ? Kind::failed : Kind::deferred, reply, false);
  needs_reset_ = !mail_refused_;
  return ClientStep::done;
}

ClientStep ClientSession::send_body(std::string_view& piece, bool last, std::string& out) {
  check(in_body_, "content without a transaction");
  if (uses_bdat_) {
    write_bdat(piece.size(), last, out);
    if (last) {
      expect_final_replies();
    } else {
      expect(Await::bdat);
    }
    return ClientStep::receive;
  }
  append_dot_stuffed(std::exchange(piece, {}), at_line_start_, out);
  if (!last) {
    return ClientStep::send_body;
  }
  out += at_line_start_ ? ".\r\n" : "\r\n.\r\n";
  expect_final_replies();
  return ClientStep::receive;
}

void ClientSession::write_bdat(std::size_t octets, bool last, std::string& out) {
  fmt::format_to(std::back_inserter(out), "BDAT {}{}\r\n", octets, last ? " LAST" : "");
}

void ClientSession::expect_final_replies() {
  in_body_ = false;
  content_sent_ = true;
  if (!is_lmtp()) {
    expect(Await::final);
    return;
  }
  // RFC 2033 4.2: one reply for each accepted recipient, in the order of RCPT.
  for (const std::size_t recipient : asked_) {
    if (outcomes_[recipient].kind == Kind::accepted) {
      expect(Await::final, recipient);
    }
  }
}

ClientStep ClientSession::on_bdat(const Reply& reply) {
  if (reply.code / 100 == 2) {
    return ClientStep::send_body;
  }
  if (reply.code / 100 == 3) {
    return protocol_error(reply);
  }
  in_body_ = false;
  settle_open(reply.is_permanent() ? Kind::failed : Kind::deferred, reply, false);
  needs_reset_ = true;
  return ClientStep::done;
}

ClientStep ClientSession::on_final(std::size_t recipient, const Reply& reply) {
  if (reply.code / 100 == 3) {
    return protocol_error(reply);
  }
  const Kind kind = reply.code / 100 == 2  ? Kind::delivered
                    : reply.is_permanent() ? Kind::failed
                                           : Kind::deferred;
  if (!has(Kind::accepted) && !is_lmtp()) {
    // The content was sent before anybody had been accepted, and the server threw it away.
    content_sent_ = false;
    needs_reset_ = true;
    return ClientStep::done;
  }
  if (is_lmtp()) {
    outcomes_[recipient].kind = kind;
    outcomes_[recipient].reply = reply;
  } else {
    for (RecipientOutcome& outcome : outcomes_) {
      if (outcome.kind == Kind::accepted) {
        outcome.kind = kind;
        outcome.reply = reply;
      }
    }
  }
  if (!expected_.empty()) {
    return ClientStep::receive;
  }
  content_sent_ = false;
  return ClientStep::done;
}

// Nothing that follows could be understood.
ClientStep ClientSession::protocol_error(const Reply& reply) {
  failure_ = ClientFailure{
      ClientFailure::Stage::transaction,
      Reply{451, {4, 5, 0}, fmt::format("unexpected reply {}: {}", reply.code, reply.text)}, true};
  forget_accepted();
  return ClientStep::closed;
}

// The conversation ends: what was accepted by RCPT only has been promised nothing.
void ClientSession::forget_accepted() {
  expected_.clear();
  in_body_ = false;
  for (RecipientOutcome& outcome : outcomes_) {
    if (outcome.kind == Kind::accepted || outcome.kind == Kind::crowded) {
      outcome = {};
    }
  }
}

void ClientSession::settle_open(Kind kind, const Reply& reply, bool own) {
  for (RecipientOutcome& outcome : outcomes_) {
    if (is_open(outcome)) {
      outcome = {kind, reply, own};
    }
  }
}

bool ClientSession::has(Kind kind) const {
  return std::ranges::any_of(outcomes_,
                             [kind](const RecipientOutcome& o) { return o.kind == kind; });
}

}  // namespace postrider::smtp
