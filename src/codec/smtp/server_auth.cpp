// AUTH (RFC 4954): the SASL exchange in base64 lines.
#include "server_replies.hpp"

#include <utility>

#include <postrider/base/hmac.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/smtp/server_session.hpp>

namespace postrider::smtp {

namespace {

Say refusal_of(sasl::LoginVerdict verdict) {
  switch (verdict) {
    case sasl::LoginVerdict::rejected:
      return Say::auth_rejected;
    case sasl::LoginVerdict::disabled:
      return Say::auth_disabled;
    case sasl::LoginVerdict::throttled:
    case sasl::LoginVerdict::too_many:
      return Say::auth_throttled;
    case sasl::LoginVerdict::accepted:
    case sasl::LoginVerdict::temporary:
      break;
  }
  return Say::auth_temporary;
}

}  // namespace

bool ServerSession::may_authenticate() const {
  return rules_.offer_auth && (tls_ || rules_.auth_without_tls);
}

sasl::MechanismOffer ServerSession::mechanisms() const {
  return {.binding = bindings_.is_any(), .tokens = tls_ && rules_.tokens.has_value()};
}

ServerSession::Next ServerSession::verb_auth(std::string_view argument, std::string_view,
                                             std::string& out) {
  if (!rules_.offer_auth) {
    return complain(reply_for(Say::auth_off), out);
  }
  if (!may_authenticate()) {
    return complain(reply_for(Say::auth_needs_tls), out);
  }
  if (!identity_.empty()) {
    return complain(reply_for(Say::auth_twice), out);
  }
  if (has_mail_) {
    return complain(reply_for(Say::auth_in_transaction), out);
  }
  const std::size_t blank = argument.find(' ');
  const std::string_view initial_text =
      blank == argument.npos ? std::string_view() : trim_wsp(argument.substr(blank));
  const auto mechanism = sasl::parse_mechanism(argument.substr(0, blank));
  if (!mechanism || !sasl::is_offered(*mechanism, mechanisms())) {
    return complain(reply_for(argument.empty() ? Say::argument_missing : Say::auth_mechanism), out);
  }
  std::optional<std::string_view> initial;
  if (!initial_text.empty()) {
    initial = initial_text;
  }
  exchange_.emplace(
      sasl::ServerExchange::Options{.mechanism = *mechanism,
                                    .bindings = bindings_,
                                    .plus_offered = bindings_.is_any(),
                                    .token_hints = rules_.tokens.value_or(sasl::TokenHints{})},
      random_);
  const auto step = exchange_->start(initial);
  if (step == sasl::LineExchange::Step::bad_base64) {  // a command with a fault, and no guess
    exchange_.reset();
    return complain(reply_for(Say::auth_base64), out);
  }
  mode_ = Mode::auth;
  return take_exchange(step, out);
}

ServerSession::Next ServerSession::on_auth_line(std::string_view line, std::string& out) {
  return take_exchange(exchange_->on_line(line), out);
}

ServerSession::Next ServerSession::take_exchange(sasl::LineExchange::Step step, std::string& out) {
  using Step = sasl::LineExchange::Step;
  switch (step) {
    case Step::challenge:
      // encode_reply folds long lines, which a challenge must not be.
      out += "334 " + exchange_->challenge() + "\r\n";
      return std::nullopt;
    case Step::look_up:
      auth_request_ = exchange_->request();
      return ServerStep::load_verifier;
    case Step::ask:
      auth_request_ = std::move(exchange_->request());
      return ServerStep::authenticate;
    case Step::cancelled:
      return refuse_auth(reply_for(Say::auth_cancelled), out);
    case Step::bad_base64:
      return refuse_auth(reply_for(Say::auth_base64), out);
    case Step::malformed:
      return refuse_auth(reply_for(Say::auth_malformed), out);
    case Step::concluded:
      return refuse_auth(reply_for(refusal_of(exchange_->verdict())), out);
    case Step::refused:
      break;
  }
  return refuse_auth(reply_for(Say::auth_rejected), out);
}

void ServerSession::on_verifier(const ScramVerifier& verifier, std::string& out) {
  (void)take_exchange(exchange_->on_verifier(verifier), out);  // a challenge, always
}

void ServerSession::on_authenticated(sasl::LoginAnswer answer, std::string& out) {
  wipe(auth_request_.password.data(), auth_request_.password.size());
  wipe(auth_request_.token.data(), auth_request_.token.size());
  if (answer.verdict == sasl::LoginVerdict::accepted) {
    auth_request_ = {};
    mode_ = Mode::command;
    exchange_.reset();
    identity_ = std::move(answer.identity);
    say(reply_for(Say::auth_ok), out);
  } else if (exchange_->refuse(answer.verdict)) {
    out += "334 " + exchange_->challenge() + "\r\n";
  } else {
    (void)refuse_auth(reply_for(refusal_of(answer.verdict)), out);  // a hang-up shows in the mode
  }
}

ServerSession::Next ServerSession::refuse_auth(Reply reply, std::string& out) {
  mode_ = Mode::command;
  exchange_.reset();
  auth_request_ = {};
  if (++auth_failures_ >= rules_.auth_failures_max) {
    say(std::move(reply), out);
    return hang_up(reply_for(Say::too_many_auth), out);
  }
  return complain(std::move(reply), out);
}

}  // namespace postrider::smtp
