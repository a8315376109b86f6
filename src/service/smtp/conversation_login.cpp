// AUTH: who it is, by the authenticator.
#include "conversation.hpp"

#include <utility>

#include <postrider/flow/login.hpp>

namespace postrider::smtp {

engine::Task<void> Conversation::load_verifier() {
  const auto verifier =
      co_await core_.doors.authenticator->find_verifier(session_->auth_request().authcid);
  if (verifier) {
    session_->on_verifier(*verifier, connection_.out());
  } else {
    session_->on_authenticated({}, connection_.out());
  }
}

engine::Task<void> Conversation::authenticate() {
  auto login = co_await flow::log_in(
      core_.doors.reactor, *core_.doors.authenticator, core_.doors.events, session_->auth_request(),
      {peer_, tls_, policy::Scope::smtp}, {deadline_, core_.gate.killing()});
  identity_ = std::move(login.identity);
  session_->on_authenticated(std::move(login.answer), connection_.out());
}

}  // namespace postrider::smtp
