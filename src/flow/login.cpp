#include <fmt/core.h>
#include <string_view>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/flow/login.hpp>

namespace postrider::flow {
namespace {

sasl::LoginVerdict verdict_of(policy::LoginVerdict verdict) {
  switch (verdict) {
    case policy::LoginVerdict::accepted:
      return sasl::LoginVerdict::accepted;
    case policy::LoginVerdict::rejected:
      return sasl::LoginVerdict::rejected;
    case policy::LoginVerdict::disabled:
      return sasl::LoginVerdict::disabled;
    case policy::LoginVerdict::throttled:
      return sasl::LoginVerdict::throttled;
    case policy::LoginVerdict::temporary:
      return sasl::LoginVerdict::temporary;
  }
  return sasl::LoginVerdict::temporary;
}

std::string_view describe(const policy::LoginOutcome& outcome) {
  if (outcome.out_of_scope) {
    return "the password is not good for this protocol";
  }
  switch (verdict_of(outcome.verdict)) {
    case sasl::LoginVerdict::accepted:
      return "accepted";
    case sasl::LoginVerdict::rejected:
      return "wrong name or password";
    case sasl::LoginVerdict::disabled:
      return "the account is disabled";
    case sasl::LoginVerdict::throttled:
      return "too many failures: made to wait";
    case sasl::LoginVerdict::temporary:
      return "the accounts can't be asked now";
  }
  return "unknown";
}

}  // namespace

engine::Task<LoginResult> log_in(engine::Reactor& reactor, policy::Authenticator& authenticator,
                                 EventSink* events, sasl::LoginRequest request, LoginPeer peer,
                                 engine::Until until) {
  policy::LoginOutcome outcome;
  const std::string name = request.authcid;
  if (sasl::shows_password(request.mechanism)) {
    outcome = co_await authenticator.check_password(
        {request.authcid, request.authzid, std::move(request.password), peer.address.ip,
         peer.scope},
        until);
  } else {
    outcome = co_await authenticator.check_proof(
        {request.authcid, request.authzid, request.proof_holds, peer.address.ip, peer.scope},
        until);
  }
  LoginResult result;
  result.answer.verdict = verdict_of(outcome.verdict);
  if (outcome.verdict == policy::LoginVerdict::accepted) {
    result.answer.identity = outcome.identity.name;
    result.identity = std::move(outcome.identity);
  } else if (events != nullptr) {
    Event event;
    event.kind = EventKind::login_failed;
    event.time = reactor.wall_now();
    event.remote = peer.address.text();
    event.tls = peer.tls;
    event.text = fmt::format("{} ({})", quoted_for_log(name), describe(outcome));
    events->emit(std::move(event));
  }
  co_return result;
}

}  // namespace postrider::flow
