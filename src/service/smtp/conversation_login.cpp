// AUTH: who it is, by the authenticator.
#include "conversation.hpp"

#include <fmt/core.h>
#include <utility>

#include <postrider/base/text.hpp>

namespace postrider::smtp {
namespace {

AuthVerdict verdict_of(policy::LoginVerdict verdict) {
  switch (verdict) {
    case policy::LoginVerdict::accepted:
      return AuthVerdict::accepted;
    case policy::LoginVerdict::rejected:
      return AuthVerdict::rejected;
    case policy::LoginVerdict::disabled:
      return AuthVerdict::disabled;
    case policy::LoginVerdict::throttled:
      return AuthVerdict::throttled;
    case policy::LoginVerdict::temporary:
      return AuthVerdict::temporary;
  }
  return AuthVerdict::temporary;
}

std::string_view describe_login(const policy::LoginOutcome& outcome) {
  if (outcome.out_of_scope) {
    return "the password is not good for SMTP";
  }
  switch (outcome.verdict) {
    case policy::LoginVerdict::accepted:
      return "accepted";
    case policy::LoginVerdict::rejected:
      return "wrong name or password";
    case policy::LoginVerdict::disabled:
      return "the account is disabled";
    case policy::LoginVerdict::throttled:
      return "too many failures: made to wait";
    case policy::LoginVerdict::temporary:
      return "the accounts can't be asked now";
  }
  return "unknown";
}

}  // namespace

engine::Task<void> Conversation::load_verifier() {
  const auto verifier =
      co_await core_.doors.authenticator->find_verifier(session_->auth_request().authcid);
  if (verifier) {
    session_->on_verifier(*verifier, connection_.out());
  } else {
    session_->on_authenticated({AuthVerdict::temporary, {}}, connection_.out());
  }
}

engine::Task<void> Conversation::authenticate() {
  const AuthRequest request = session_->auth_request();
  const engine::Until until{deadline_, core_.gate.killing()};
  policy::LoginOutcome outcome;
  if (sasl::shows_password(request.mechanism)) {
    outcome = co_await core_.doors.authenticator->check_password(
        {request.authcid, request.authzid, request.password, peer_.ip}, until);
  } else {
    outcome = co_await core_.doors.authenticator->check_proof(
        {request.authcid, request.authzid, request.proof_holds, peer_.ip}, until);
  }
  tell_login(request.authcid, outcome);
  identity_ = std::move(outcome.identity);
  session_->on_authenticated({verdict_of(outcome.verdict), identity_.name}, connection_.out());
}

// So that guessing shows in the log. Never with what was tried as a password.
void Conversation::tell_login(const std::string& name, const policy::LoginOutcome& outcome) {
  if (core_.doors.events == nullptr || outcome.verdict == policy::LoginVerdict::accepted) {
    return;
  }
  flow::Event event = event_of(flow::EventKind::login_failed);
  event.text = fmt::format("{} ({})", quoted_for_log(name), describe_login(outcome));
  core_.doors.events->emit(std::move(event));
}

}  // namespace postrider::smtp
