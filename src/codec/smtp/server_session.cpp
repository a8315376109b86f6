#include "server_replies.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/smtp/limits.hpp>
#include <postrider/codec/smtp/server_session.hpp>

namespace postrider::smtp {

// Which command is legal when, and who answers it.
struct VerbTable {
  using Handler = ServerSession::Next (ServerSession::*)(std::string_view argument,
                                                         std::string_view input, std::string& out);
  enum Flag : unsigned {
    anywhere = 0,
    needs_hello = 1,
    idle = 2,           // brings no mail forward: counted
    inside_chunks = 4,  // legal between two BDATs
    no_argument = 8,
    smtp_only = 16,
    lmtp_only = 32,
  };
  struct Row {
    std::string_view verb;
    Handler handler;
    unsigned flags;
    [[nodiscard]] bool has(Flag flag) const { return (flags & flag) != 0; }
  };
  static constexpr unsigned harmless = idle | inside_chunks;
  static constexpr std::array rows = {
      Row{"EHLO", &ServerSession::verb_ehlo, harmless | smtp_only},
      Row{"HELO", &ServerSession::verb_helo, harmless | smtp_only},
      Row{"LHLO", &ServerSession::verb_lhlo, harmless | lmtp_only},
      Row{"XCLIENT", &ServerSession::verb_xclient, anywhere},
      Row{"MAIL", &ServerSession::verb_mail, needs_hello},
      Row{"RCPT", &ServerSession::verb_rcpt, needs_hello},
      Row{"DATA", &ServerSession::verb_data, needs_hello | no_argument},
      // Its octets have to be read in any case: it finds out itself whether it may.
      Row{"BDAT", &ServerSession::verb_bdat, inside_chunks},
      Row{"RSET", &ServerSession::verb_rset, harmless | no_argument},
      Row{"NOOP", &ServerSession::verb_noop, harmless},
      Row{"VRFY", &ServerSession::verb_vrfy, harmless},
      Row{"HELP", &ServerSession::verb_help, harmless},
      Row{"QUIT", &ServerSession::verb_quit, inside_chunks | no_argument},
      Row{"STARTTLS", &ServerSession::verb_starttls, needs_hello | no_argument},
      Row{"AUTH", &ServerSession::verb_auth, needs_hello},
      Row{"EXPN", &ServerSession::verb_not_implemented, harmless},
      Row{"ETRN", &ServerSession::verb_not_implemented, harmless},
      Row{"TURN", &ServerSession::verb_not_implemented, harmless},
      Row{"SEND", &ServerSession::verb_not_implemented, harmless},
      Row{"SOML", &ServerSession::verb_not_implemented, harmless},
      Row{"SAML", &ServerSession::verb_not_implemented, harmless},
      // A browser made to post here by a page: its body may hold commands.
      Row{"GET", &ServerSession::verb_of_http, anywhere},
      Row{"HEAD", &ServerSession::verb_of_http, anywhere},
      Row{"POST", &ServerSession::verb_of_http, anywhere},
      Row{"PUT", &ServerSession::verb_of_http, anywhere},
      Row{"OPTIONS", &ServerSession::verb_of_http, anywhere},
      Row{"CONNECT", &ServerSession::verb_of_http, anywhere},
  };
  static const Row* find(std::string_view verb) {
    const auto row = std::ranges::find_if(
        rows, [verb](const Row& candidate) { return equals_ignoring_case(candidate.verb, verb); });
    return row == rows.end() ? nullptr : &*row;
  }
};

ServerSession::ServerSession(const ServerRules& rules, Facts facts, Random& random)
    : rules_(rules),
      random_(random),
      trusted_(facts.trusted),
      may_change_client_(facts.xclient),
      tls_(facts.tls),
      bindings_(std::move(facts.bindings)),
      lines_(auth_line_octets_max + 2) {}

void ServerSession::start(std::string& out) {
  say({220, {}, rules_.hostname + (rules_.lmtp ? " LMTP Postrider" : " ESMTP Postrider")}, out);
}

void ServerSession::say(Reply reply, std::string& out) {
  encode_reply(reply, out);
}

ServerSession::Next ServerSession::hang_up(Reply reply, std::string& out) {
  say(std::move(reply), out);
  mode_ = Mode::closing;
  return ServerStep::close;
}

ServerSession::Next ServerSession::complain(Reply reply, std::string& out) {
  say(std::move(reply), out);
  if (++errors_ >= rules_.errors_max) {
    return hang_up(reply_for(Say::too_many_errors), out);
  }
  return std::nullopt;
}

ServerSession::Next ServerSession::refuse(Reply reply, std::string& out) {
  return reply.code == 421 ? hang_up(std::move(reply), out) : complain(std::move(reply), out);
}

ServerSession::Next ServerSession::count_idle(Next next, std::string& out) {
  if (!next && ++idle_commands_ > rules_.idle_commands_max) {
    return hang_up(reply_for(Say::too_many_idle), out);
  }
  return next;
}

ServerStep ServerSession::next(std::string_view& input, std::string& out) {
  while (true) {
    if (std::exchange(drop_, false)) {
      return ServerStep::drop_message;
    }
    if (mode_ == Mode::closing) {
      return ServerStep::close;
    }
    if ((mode_ == Mode::command || mode_ == Mode::auth) && out.size() > output_octets_max) {
      return ServerStep::read;
    }
    Next step;
    if (mode_ == Mode::data) {
      if (input.empty()) {
        return ServerStep::read;
      }
      step = on_data(input, out);
    } else if (mode_ == Mode::chunk) {
      if (input.empty() && chunk_.left() > 0) {
        return ServerStep::read;
      }
      step = on_chunk(input, out);
    } else {
      // A ClientHello (RFC 8446 5.1) never holds a CRLF to speak of: don't wait for one.
      if (std::exchange(first_, first_ && input.empty()) && input.starts_with('\x16')) {
        return *hang_up(reply_for(Say::not_tls_here), out);
      }
      const auto line = lines_.next(input);
      if (!line) {
        return ServerStep::read;
      }
      step = on_line(*line, input, out);
    }
    if (step) {
      return *step;
    }
  }
}

ServerSession::Next ServerSession::on_line(LineFramer::Line line, std::string_view input,
                                           std::string& out) {
  const bool auth = mode_ == Mode::auth;
  const std::size_t limit = auth || starts_with_ignoring_case(line.text, "AUTH ")
                                ? auth_line_octets_max
                                : command_line_octets_max;
  if (line.too_long || line.text.size() + 2 > limit) {
    return auth ? refuse_auth(reply_for(Say::line_too_long), out)
                : complain(reply_for(Say::line_too_long), out);
  }
  if (line.text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    return auth ? refuse_auth(reply_for(Say::bare_line_break), out)
                : complain(reply_for(Say::bare_line_break), out);
  }
  return auth ? on_auth_line(line.text, out) : on_command(line.text, input, out);
}

ServerSession::Next ServerSession::on_command(std::string_view line, std::string_view input,
                                              std::string& out) {
  const std::size_t blank = line.find(' ');
  const std::string_view verb = line.substr(0, blank);
  std::string_view argument = blank == line.npos ? std::string_view() : line.substr(blank + 1);
  while (argument.ends_with(' ') || argument.ends_with('\t')) {
    argument.remove_suffix(1);
  }
  const VerbTable::Row* row = VerbTable::find(verb);
  if (row == nullptr || row->has(rules_.lmtp ? VerbTable::smtp_only : VerbTable::lmtp_only)) {
    return complain(reply_for(Say::unknown_verb), out);
  }
  if (row->has(VerbTable::needs_hello) && helo_.empty()) {
    return complain(reply_for(Say::hello_first), out);
  }
  if (chunking_ && !row->has(VerbTable::inside_chunks)) {
    return complain(reply_for(Say::inside_chunks), out);
  }
  if (row->has(VerbTable::no_argument) && !argument.empty()) {
    return complain(reply_for(Say::no_such_argument), out);
  }
  const Next next = (this->*row->handler)(argument, input, out);
  return row->has(VerbTable::idle) ? count_idle(next, out) : next;
}

ServerSession::Next ServerSession::take_body(std::string_view octets) {
  content_octets_ += octets.size();
  if (refusal_ || octets.empty()) {
    return std::nullopt;
  }
  if (content_octets_ > rules_.message_octets_max) {
    refusal_ = reply_for(Say::too_large);
    message_open_ = false;
    return ServerStep::drop_message;
  }
  body_ = octets;
  return ServerStep::append_body;
}

ServerSession::Next ServerSession::on_data(std::string_view& input, std::string& out) {
  const DataFramer::Piece piece = data_.next(input);
  switch (piece.kind) {
    case DataFramer::Piece::Kind::octets:
      return take_body(piece.octets);
    case DataFramer::Piece::Kind::end:
      return end_content(out);
    case DataFramer::Piece::Kind::more:
      break;
  }
  return std::nullopt;
}

ServerSession::Next ServerSession::on_chunk(std::string_view& input, std::string& out) {
  if (std::exchange(chunk_waits_, false)) {
    return ServerStep::open_message;
  }
  if (chunk_.left() > 0) {
    return take_body(chunk_.next(input));
  }
  mode_ = Mode::command;
  if (refusal_) {
    const Reply refusal = *refusal_;
    if (!chunking_) {  // it was no part of a transaction
      refusal_.reset();
      content_octets_ = 0;
    } else if (last_chunk_) {
      return answer_content(refusal, out);
    }  // else what comes after it in this transaction fails too
    return complain(refusal, out);
  }
  if (!last_chunk_) {
    say({250, {2, 0, 0}, std::to_string(chunk_octets_) + " octets received"}, out);
    return std::nullopt;
  }
  return end_content(out);
}

ServerSession::Next ServerSession::end_content(std::string& out) {
  mode_ = Mode::command;
  if (refusal_) {
    return answer_content(*std::exchange(refusal_, std::nullopt), out);
  }
  return ServerStep::commit;
}

// The end of a transaction whose content has come: in LMTP each recipient hears it (RFC 2033 4.2,
// RFC 2033 4.3).
ServerSession::Next ServerSession::answer_content(const Reply& reply, std::string& out) {
  const std::size_t recipients = transaction_.recipients.size();
  end_transaction();
  for (std::size_t said = 1; rules_.lmtp && said < recipients; ++said) {
    say(reply, out);
  }
  if (reply.is_positive()) {
    say(reply, out);
    return std::nullopt;
  }
  return complain(reply, out);
}

void ServerSession::end_transaction() {
  has_mail_ = false;
  transaction_ = {};
  content_octets_ = 0;
  chunking_ = false;
  refusal_.reset();
  drop_ = std::exchange(message_open_, false);
}

void ServerSession::on_tls_started(sasl::ChannelBindings bindings) {
  check(mode_ == Mode::command && !tls_, "TLS that nobody asked for");
  // RFC 3207 4.2: nothing that was said before counts.
  end_transaction();
  lines_.reset();
  helo_.clear();
  extended_ = false;
  identity_.clear();
  bindings_ = std::move(bindings);
  tls_ = true;
}

void ServerSession::on_client_changed(bool trusted, std::string& out) {
  check(mode_ == Mode::command && !has_mail_, "a client changed inside a transaction");
  trusted_ = trusted;
  helo_ = xclient_.helo.value_or("");
  extended_ = xclient_.extended.value_or(true);
  identity_.clear();
  start(out);
}

void ServerSession::on_sender_checked(const std::optional<Reply>& refusal, std::string& out) {
  if (!refusal) {
    has_mail_ = true;
    say(reply_for(Say::sender_ok), out);
    return;
  }
  end_transaction();
  (void)refuse(*refusal, out);  // a hang-up shows in the mode
}

void ServerSession::on_recipient_checked(const std::optional<Reply>& refusal, std::string& out) {
  if (!refusal) {
    transaction_.recipients.push_back(std::exchange(pending_recipient_, {}));
    say(reply_for(Say::recipient_ok), out);
    return;
  }
  // A list of which some have gone is an honest sender's daily business.
  if (may_send() && refusal->code != 421) {
    say(*refusal, out);
    return;
  }
  (void)refuse(*refusal, out);  // a hang-up shows in the mode
}

void ServerSession::on_opened(const std::optional<Reply>& refusal, std::string_view rest_of_input,
                              std::string& out) {
  message_open_ = !refusal;
  if (mode_ == Mode::chunk) {
    refusal_ = refusal;
    return;
  }
  if (!refusal) {
    mode_ = Mode::data;
    say(reply_for(Say::go_ahead), out);
    return;
  }
  end_transaction();
  if (!complain(*refusal, out) && !rest_of_input.empty()) {
    // Content that did not wait for 354 would now be read as commands.
    (void)hang_up(reply_for(Say::out_of_step), out);  // shows in the mode
  }
}

void ServerSession::on_body_refused(Reply refusal) {
  message_open_ = false;
  refusal_ = std::move(refusal);
}

void ServerSession::on_committed(Result<std::string, Reply> id, std::string& out) {
  message_open_ = false;
  if (id) {
    ++messages_;
    idle_commands_ = 0;
  }
  // A hang-up shows in the mode.
  (void)answer_content(id ? Reply{250, {2, 0, 0}, "Ok: queued as " + *id} : std::move(id.error()),
                       out);
  if (shutting_down_ && mode_ != Mode::closing) {
    (void)hang_up(reply_for(Say::shutdown), out);  // shows in the mode
  }
}

void ServerSession::on_timeout(std::string& out) {
  if (mode_ != Mode::closing) {
    (void)hang_up(reply_for(Say::timeout), out);  // shows in the mode
  }
}

bool ServerSession::on_shutdown(std::string& out) {
  shutting_down_ = true;
  if (has_mail_ || mode_ == Mode::data || mode_ == Mode::chunk) {
    return false;
  }
  if (mode_ != Mode::closing) {
    (void)hang_up(reply_for(Say::shutdown), out);  // shows in the mode
  }
  return true;
}

Duration ServerSession::timeout() const {
  return mode_ == Mode::data || mode_ == Mode::chunk ? rules_.data_timeout : rules_.command_timeout;
}

bool ServerSession::is_inside_line() const {
  return (mode_ == Mode::command || mode_ == Mode::auth) && !lines_.is_idle();
}

std::string ServerSession::protocol() const {
  const bool utf8 = transaction_.mail.smtputf8;
  std::string out = rules_.lmtp ? (utf8 ? "UTF8LMTP" : "LMTP")
                    : utf8      ? "UTF8SMTP"
                    : extended_ ? "ESMTP"
                                : "SMTP";
  out += tls_ ? "S" : "";
  out += identity_.empty() ? "" : "A";
  return out;
}

bool ServerSession::may_send() const {
  return trusted_ || !identity_.empty();
}

OfferedParameters ServerSession::offered() const {
  return {.smtputf8 = rules_.offer_smtputf8,
          .dsn = rules_.offer_dsn,
          .auth = rules_.offer_auth,
          .require_tls = rules_.offer_require_tls && tls_};
}

}  // namespace postrider::smtp
