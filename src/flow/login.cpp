#include <fmt/core.h>
#include <utility>

#include <postrider/base/hmac.hpp>
#include <postrider/base/text.hpp>
#include <postrider/flow/login.hpp>

namespace postrider::flow {
namespace {

std::string describe(const policy::LoginOutcome& outcome, policy::Scope scope) {
  if (!outcome.why.empty()) {
    return quoted_for_log(outcome.why, 300);
  }
  if (outcome.out_of_scope) {
    return "the password is not good for " +
           policy::scope_names(static_cast<std::uint8_t>(scope)).front();
  }
  switch (outcome.verdict) {
    case sasl::LoginVerdict::accepted:
      return "accepted";
    case sasl::LoginVerdict::rejected:
      return "wrong name or password";
    case sasl::LoginVerdict::disabled:
      return "the account is disabled";
    case sasl::LoginVerdict::throttled:
      return "too many failures: made to wait";
    case sasl::LoginVerdict::too_many:
      return "too many connections";
    case sasl::LoginVerdict::temporary:
      return "the accounts can't be asked now";
  }
  return "unknown";
}

}  // namespace

std::string describe_tls(const net::TlsFacts& facts) {
  return std::string(facts.version) + ' ' + facts.cipher;
}

sasl::ChannelBindings channel_bindings(net::TlsSession& session) {
  return {.tls_exporter = session.channel_binding_exporter(),
          .tls_server_end_point = session.channel_binding_end_point()};
}

engine::Task<LoginResult> log_in(engine::Reactor& reactor, policy::Authenticator& authenticator,
                                 EventSink* events, sasl::LoginRequest request, LoginPeer peer,
                                 engine::Until until) {
  policy::LoginOutcome outcome;
  std::string name = request.authcid;
  if (sasl::carries_token(request.mechanism)) {
    outcome = co_await authenticator.check_token(
        {request.token, request.authzid, peer.address.ip, peer.scope}, until);
    name = outcome.name;
  } else if (sasl::shows_password(request.mechanism)) {
    outcome = co_await authenticator.check_password(
        {request.authcid, request.authzid, request.password, peer.address.ip, peer.scope}, until);
  } else {
    outcome = co_await authenticator.check_proof(
        {request.authcid, request.authzid, request.proof_holds, peer.address.ip, peer.scope},
        until);
  }
  wipe(request.password.data(), request.password.size());
  wipe(request.token.data(), request.token.size());
  LoginResult result;
  result.answer.verdict = outcome.verdict;
  if (outcome.verdict == policy::LoginVerdict::accepted) {
    result.answer.identity = outcome.identity.name;
    result.identity = std::move(outcome.identity);
  } else if (events != nullptr) {
    Event event;
    event.kind = EventKind::login_failed;
    event.time = reactor.wall_now();
    event.remote = peer.address.text();
    event.tls = peer.tls;
    event.text = fmt::format("{} ({})", quoted_for_log(name), describe(outcome, peer.scope));
    events->emit(std::move(event));
  }
  co_return result;
}

}  // namespace postrider::flow
