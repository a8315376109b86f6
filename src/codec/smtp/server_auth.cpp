// AUTH (RFC 4954): the SASL exchange in base64 lines.
#include "server_replies.hpp"

#include <utility>

#include <postrider/base/base64.hpp>
#include <postrider/base/hmac.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/smtp/server_session.hpp>

namespace postrider::smtp {

bool ServerSession::may_authenticate() const {
  return rules_.offer_auth && (tls_ || rules_.auth_without_tls);
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
  if (!mechanism || (*mechanism == sasl::Mechanism::scram_sha_256_plus && !bindings_.is_any())) {
    return complain(reply_for(argument.empty() ? Say::argument_missing : Say::auth_mechanism), out);
  }
  std::optional<std::string> initial;
  if (initial_text == "=") {  // RFC 4954 4: an initial response of no octets
    initial = "";
  } else if (!initial_text.empty()) {
    initial = decode_base64(initial_text);
    if (!initial) {
      return complain(reply_for(Say::auth_base64), out);
    }
  }
  exchange_.emplace(
      sasl::ServerExchange::Options{
          .mechanism = *mechanism, .bindings = bindings_, .plus_offered = bindings_.is_any()},
      random_);
  mode_ = Mode::auth;
  const std::string_view view = initial ? std::string_view(*initial) : std::string_view();
  return take_sasl_step(exchange_->start(initial ? &view : nullptr), out);
}

ServerSession::Next ServerSession::on_auth_line(std::string_view line, std::string& out) {
  if (line == "*") {
    return refuse_auth(reply_for(Say::auth_cancelled), out);
  }
  const auto octets = decode_base64(line);
  if (!octets) {
    return refuse_auth(reply_for(Say::auth_base64), out);
  }
  return take_sasl_step(exchange_->respond(*octets), out);
}

ServerSession::Next ServerSession::take_sasl_step(sasl::ServerStep step, std::string& out) {
  auth_request_ = {};
  auth_request_.mechanism = exchange_->mechanism();
  if (const auto* challenge = std::get_if<sasl::SendChallenge>(&step)) {
    // encode_reply folds long lines, which a challenge must not be.
    out += "334 " + encode_base64(challenge->octets) + "\r\n";
    return std::nullopt;
  }
  if (auto* password = std::get_if<sasl::CheckPassword>(&step)) {
    auth_request_.authcid = std::move(password->authcid);
    auth_request_.authzid = std::move(password->authzid);
    auth_request_.password = std::move(password->password);
    return ServerStep::authenticate;
  }
  if (auto* verifier = std::get_if<sasl::LookUpVerifier>(&step)) {
    auth_request_.authcid = std::move(verifier->authcid);
    return ServerStep::load_verifier;
  }
  if (auto* proof = std::get_if<sasl::ProofHolds>(&step)) {
    auth_request_.authcid = std::move(proof->authcid);
    auth_request_.authzid = std::move(proof->authzid);
    auth_request_.proof_holds = true;
    return ServerStep::authenticate;
  }
  auto& failed = std::get<sasl::ExchangeFailed>(step);
  if (failed.kind == sasl::ServerFailure::mismatch) {
    // A guess like any other: the policy counts it and takes its time over it.
    auth_request_.authcid = std::move(failed.authcid);
    return ServerStep::authenticate;
  }
  const bool malformed = failed.kind == sasl::ServerFailure::malformed;
  return refuse_auth(reply_for(malformed ? Say::auth_malformed : Say::auth_rejected), out);
}

void ServerSession::on_verifier(const ScramVerifier& verifier, std::string& out) {
  (void)take_sasl_step(exchange_->on_verifier(verifier), out);  // a challenge, always
}

void ServerSession::on_authenticated(AuthAnswer answer, std::string& out) {
  wipe(auth_request_.password.data(), auth_request_.password.size());
  auth_request_ = {};
  switch (answer.verdict) {
    case AuthVerdict::accepted:
      mode_ = Mode::command;
      exchange_.reset();
      identity_ = std::move(answer.identity);
      say(reply_for(Say::auth_ok), out);
      return;
    case AuthVerdict::rejected:
      (void)refuse_auth(reply_for(Say::auth_rejected), out);  // a hang-up shows in the mode
      return;
    case AuthVerdict::disabled:
      (void)refuse_auth(reply_for(Say::auth_disabled), out);  // a hang-up shows in the mode
      return;
    case AuthVerdict::throttled:
      (void)refuse_auth(reply_for(Say::auth_throttled), out);  // a hang-up shows in the mode
      return;
    case AuthVerdict::temporary:
      (void)refuse_auth(reply_for(Say::auth_temporary), out);  // a hang-up shows in the mode
      return;
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
