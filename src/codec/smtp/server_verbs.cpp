// The commands of RFC 5321 4.1.1 but AUTH, one member each.
#include "server_replies.hpp"

#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/smtp/server_session.hpp>

namespace postrider::smtp {
namespace {

// "FROM:" and "TO:" with the blanks that many clients put after the colon (RFC 5321 4.1.1.2 has
// none).
bool take_keyword(std::string_view& argument, std::string_view keyword) {
  if (!starts_with_ignoring_case(argument, keyword)) {
    return false;
  }
  argument.remove_prefix(keyword.size());
  while (argument.starts_with(' ')) {
    argument.remove_prefix(1);
  }
  return true;
}

// What stands for an address that is none, for the log.
std::string shown_path(std::string_view said) {
  said = said.substr(0, said.find('>'));
  if (said.starts_with('<')) {
    said.remove_prefix(1);
  }
  return std::string(said.substr(0, path_octets_max));
}

struct ChunkArgument {
  std::uint64_t octets = 0;
  bool last = false;
};

// RFC 3030 2: 1*DIGIT [SP "LAST"]. More digits than this is no size of anything.
std::optional<ChunkArgument> parse_chunk(std::string_view argument) {
  const std::size_t blank = argument.find(' ');
  const std::string_view digits = argument.substr(0, blank);
  const auto octets = digits.size() <= 18 ? parse_decimal(digits) : std::nullopt;
  const std::string_view rest =
      blank == argument.npos ? std::string_view() : trim_wsp(argument.substr(blank));
  if (!octets || (!rest.empty() && !equals_ignoring_case(rest, "LAST"))) {
    return std::nullopt;
  }
  return ChunkArgument{*octets, !rest.empty()};
}

}  // namespace

// What EHLO and LHLO list, each with the line break before it.
std::string ServerSession::offers() const {
  std::string out =
      "\nPIPELINING\nSIZE " + std::to_string(rules_.message_octets_max) + "\n8BITMIME";
  out += rules_.offer_smtputf8 ? "\nSMTPUTF8" : "";
  out += "\nENHANCEDSTATUSCODES";
  out += rules_.offer_chunking ? "\nCHUNKING" : "";
  out += rules_.offer_dsn ? "\nDSN" : "";
  out += rules_.offer_require_tls && tls_ ? "\nREQUIRETLS" : "";
  out += rules_.offer_starttls && !tls_ ? "\nSTARTTLS" : "";
  if (may_authenticate()) {
    out += "\nAUTH" + sasl::list_mechanisms(mechanisms(), " ", "");
  }
  out += may_change_client_ ? "\nXCLIENT " + std::string(xclient_attributes) : "";
  return out;
}

ServerSession::Next ServerSession::hello(std::string_view argument, std::string& out, Hello verb) {
  // RFC 5321 4.1.4: the name is not verified, only kept from doing harm where it is shown.
  if (!is_helo_name(argument)) {
    return complain(reply_for(Say::helo_syntax), out);
  }
  end_transaction();
  helo_ = argument;
  extended_ = verb != Hello::helo;
  Reply reply{250, {}, rules_.hostname + " greets " + helo_};
  reply.text += extended_ ? offers() : "";
  say(std::move(reply), out);
  return std::nullopt;
}

ServerSession::Next ServerSession::verb_ehlo(std::string_view argument, std::string_view,
                                             std::string& out) {
  return hello(argument, out, Hello::ehlo);
}

ServerSession::Next ServerSession::verb_helo(std::string_view argument, std::string_view,
                                             std::string& out) {
  return hello(argument, out, Hello::helo);
}

ServerSession::Next ServerSession::verb_lhlo(std::string_view argument, std::string_view,
                                             std::string& out) {
  return hello(argument, out, Hello::lhlo);
}

ServerSession::Next ServerSession::verb_xclient(std::string_view argument, std::string_view input,
                                                std::string& out) {
  if (!may_change_client_) {
    return complain(reply_for(Say::xclient_off), out);
  }
  if (has_mail_) {
    return complain(reply_for(Say::xclient_in_transaction), out);
  }
  auto named = parse_xclient(argument);
  if (!named) {
    return complain(reply_for(Say::xclient_syntax), out);
  }
  // It is the last of its group, as what follows is another client's.
  if (!input.empty()) {
    return hang_up(reply_for(Say::out_of_step), out);
  }
  xclient_ = std::move(*named);
  return ServerStep::change_client;
}

ServerSession::Next ServerSession::refuse_sender(std::string_view said, Reply reply,
                                                 std::string& out) {
  if (refusals_.size() < refusals_kept_max) {
    refusals_.push_back({shown_path(said), {}, reply});
  }
  return complain(std::move(reply), out);
}

void ServerSession::note_refused_recipient(std::string to, const Reply& reply) {
  if (refusals_.size() < refusals_kept_max) {
    refusals_.push_back({transaction_.reverse_path.address(), std::move(to), reply});
  }
}

ServerSession::Next ServerSession::refuse_recipient(std::string to, Reply reply, std::string& out) {
  note_refused_recipient(std::move(to), reply);
  return complain(std::move(reply), out);
}

ServerSession::Next ServerSession::verb_mail(std::string_view argument, std::string_view,
                                             std::string& out) {
  if (has_mail_) {
    return complain(reply_for(Say::mail_twice), out);
  }
  if (shutting_down_) {
    return hang_up(reply_for(Say::shutdown), out);
  }
  if (messages_ >= rules_.messages_max) {
    return hang_up(reply_for(Say::too_many_messages), out);
  }
  const bool is_mail = take_keyword(argument, "FROM:");
  const std::string_view said = argument;
  if (rules_.senders == Senders::trusted && rules_.offer_auth && !may_send()) {
    return refuse_sender(
        said, reply_for(may_authenticate() ? Say::auth_required : Say::tls_required), out);
  }
  if (!is_mail) {
    return refuse_sender(said, reply_for(Say::mail_syntax), out);
  }
  auto path = parse_path(argument, PathRole::sender);
  if (!path) {
    return refuse_sender(said, reply_for(path.error(), PathRole::sender), out);
  }
  auto parameters = parse_mail_parameters(argument, offered());
  if (!parameters) {
    return refuse_sender(said, reply_for(parameters.error()), out);
  }
  if (parameters->size.value_or(0) > rules_.message_octets_max) {  // RFC 1870 6.1
    return refuse_sender(said, reply_for(Say::too_large), out);
  }
  if (path->needs_smtputf8() && !parameters->smtputf8) {  // RFC 6531 3.5
    return refuse_sender(said, reply_for(Say::smtputf8_needed), out);
  }
  transaction_ = {std::move(*path), std::move(*parameters), {}};
  return ServerStep::check_sender;
}

ServerSession::Next ServerSession::verb_rcpt(std::string_view argument, std::string_view,
                                             std::string& out) {
  if (!has_mail_) {
    return complain(reply_for(Say::mail_first), out);
  }
  const bool is_rcpt = take_keyword(argument, "TO:");
  const std::string_view said = argument;
  if (!is_rcpt) {
    return refuse_recipient(shown_path(said), reply_for(Say::rcpt_syntax), out);
  }
  auto path = parse_path(argument, PathRole::recipient);
  if (!path) {
    return refuse_recipient(shown_path(said), reply_for(path.error(), PathRole::recipient), out);
  }
  auto parameters = parse_rcpt_parameters(argument, offered());
  if (!parameters) {
    return refuse_recipient(path->address(), reply_for(parameters.error()), out);
  }
  if (path->needs_smtputf8() && !transaction_.mail.smtputf8) {  // RFC 6531 3.5
    return refuse_recipient(path->address(), reply_for(Say::smtputf8_needed), out);
  }
  if (rules_.senders == Senders::trusted && !may_send()) {
    return refuse_recipient(path->address(), reply_for(Say::relay_denied), out);
  }
  if (transaction_.recipients.size() >= rules_.recipients_max) {  // RFC 5321 4.5.3.1.10
    const Reply reply = reply_for(Say::too_many_recipients);
    note_refused_recipient(path->address(), reply);
    say(reply, out);
    return std::nullopt;
  }
  if (path->domain.empty()) {  // RFC 5321 4.5.1: postmaster is ours
    path->domain = to_lower(rules_.hostname);
  }
  pending_recipient_ = {std::move(*path), std::move(*parameters)};
  return ServerStep::check_recipient;
}

ServerSession::Next ServerSession::verb_data(std::string_view, std::string_view input,
                                             std::string& out) {
  if (has_mail_ && !transaction_.recipients.empty()) {
    return ServerStep::open_message;
  }
  const Say none = rules_.lmtp ? Say::no_recipients_lmtp : Say::no_recipients;
  const Next next = complain(reply_for(has_mail_ ? none : Say::mail_first), out);
  // RFC 2920 3.1: DATA is the last of its group. What stands behind it is content that did not wait
  // for 354, and must not be read as commands.
  return next || input.empty() ? next : hang_up(reply_for(Say::out_of_step), out);
}

ServerSession::Next ServerSession::verb_bdat(std::string_view argument, std::string_view,
                                             std::string& out) {
  const auto chunk = parse_chunk(argument);
  if (!chunk) {
    // How many octets follow can't be known: the conversation is out of step.
    say(reply_for(Say::chunk_syntax), out);
    return hang_up(reply_for(Say::out_of_step), out);
  }
  const bool failed_before = chunking_ && refusal_.has_value();
  mode_ = Mode::chunk;
  chunk_.begin(chunk->octets);
  chunk_octets_ = chunk->octets;
  last_chunk_ = chunk->last;
  if (!rules_.offer_chunking) {
    refusal_ = reply_for(Say::chunking_off);
  } else if (helo_.empty()) {
    refusal_ = reply_for(Say::hello_first);
  } else if (!has_mail_) {
    refusal_ = reply_for(Say::mail_first);
  } else if (transaction_.recipients.empty()) {
    refusal_ = reply_for(rules_.lmtp ? Say::no_recipients_lmtp : Say::no_recipients);
  } else if (failed_before) {
    refusal_ = reply_for(Say::chunk_after_failure);
  } else if (!std::exchange(chunking_, true)) {
    chunk_waits_ = true;
  }
  return std::nullopt;
}

ServerSession::Next ServerSession::verb_rset(std::string_view, std::string_view, std::string& out) {
  end_transaction();
  say(reply_for(Say::reset), out);
  return std::nullopt;
}

ServerSession::Next ServerSession::verb_noop(std::string_view, std::string_view, std::string& out) {
  say(reply_for(Say::ok), out);
  return std::nullopt;
}

ServerSession::Next ServerSession::verb_vrfy(std::string_view argument, std::string_view,
                                             std::string& out) {
  if (argument.empty()) {
    return complain(reply_for(Say::argument_missing), out);
  }
  say(reply_for(Say::cannot_verify), out);  // RFC 5321 7.3: nobody's addresses are told
  return std::nullopt;
}

ServerSession::Next ServerSession::verb_help(std::string_view, std::string_view, std::string& out) {
  say(reply_for(Say::help), out);
  return std::nullopt;
}

ServerSession::Next ServerSession::verb_quit(std::string_view, std::string_view, std::string& out) {
  return hang_up(reply_for(Say::bye), out);
}

ServerSession::Next ServerSession::verb_starttls(std::string_view, std::string_view input,
                                                 std::string& out) {
  if (tls_) {
    return complain(reply_for(Say::tls_twice), out);
  }
  if (!rules_.offer_starttls) {
    return complain(reply_for(Say::tls_off), out);
  }
  // RFC 3207 4: it is the last of its group. What somebody put behind it in plain text would count
  // as said under TLS.
  if (!input.empty()) {
    return hang_up(reply_for(Say::out_of_step), out);
  }
  say(reply_for(Say::start_tls), out);
  return ServerStep::start_tls;
}

ServerSession::Next ServerSession::verb_not_implemented(std::string_view, std::string_view,
                                                        std::string& out) {
  return complain(reply_for(Say::not_implemented), out);
}

ServerSession::Next ServerSession::verb_of_http(std::string_view, std::string_view,
                                                std::string& out) {
  return hang_up(reply_for(Say::not_http), out);
}

}  // namespace postrider::smtp
