// Logins: what cores tell each other of them, and operators of who knows access tokens.
#include "server.hpp"
#include "server_core.hpp"

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>

namespace postrider::app {

// Clients open several connections at once, and each may be another core's: a password is hashed
// for one of them.
void Server::make_authenticator(Core& core) {
  core.authenticator = std::make_unique<policy::Authenticator>(
      core.reactor, *core.credentials, shared_->server_secret,
      policy::AuthenticatorSettings{.cache_key = shared_->login_cache_key});
  core.authenticator->set_tokens(core.tokens.get());
  core.authenticator->set_tell([this, &core](const policy::VerifiedPassword& verified) {
    for (const auto& other : cores_) {
      if (other.get() != &core) {
        engine_->post(core.reactor, other->reactor.core(), [at = other.get(), verified] {
          if (at->authenticator) {
            at->authenticator->learn(verified);
          }
        });
      }
    }
  });
}

engine::Task<void> Server::count_logins(Core& core) {
  if (core.authenticator) {
    core.logins_counted = core.authenticator->counters();
  }
  co_return;
}

engine::Task<std::string> Server::login_status() {
  co_await on_each_core(&Server::count_logins);
  policy::Authenticator::Counters sum;
  for (const auto& core : cores_) {
    sum.add(core->logins_counted);
  }
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("accepted", sum.accepted).member("rejected", sum.rejected);
  json.member("throttled", sum.throttled).member("hashed", sum.hashed);
  json.member("cache_hits", sum.cache_hits).end_object();
  co_return out;
}

void Server::tell_of_tokens(Core& core, const std::string& why) {
  flow::Event event;
  event.kind = flow::EventKind::oauth;
  event.time = core.reactor.wall_now();
  event.text = why.empty() ? "the introspection endpoint answers again"
                           : quoted_for_log(why, 300) + ": it is left alone for a while";
  core.events->emit(std::move(event));
}

engine::Task<void> Server::count_tokens(Core& core) {
  core.tokens_counted = core.tokens->counters();
  co_return;
}

engine::Task<std::string> Server::oauth_status() {
  if (!cores_.front()->tokens->has_endpoint()) {
    co_return "null";
  }
  co_await on_each_core(&Server::count_tokens);
  policy::TokenIntrospection::Counters sum;
  for (const auto& core : cores_) {
    sum.add(core->tokens_counted);
  }
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("state", sum.is_down ? "down" : "up").member("asked", sum.asked);
  json.member("taken", sum.taken).member("refused", sum.refused).member("failed", sum.failed);
  json.member("not_asked", sum.not_asked).member("cache_hits", sum.cache_hits);
  json.member("last_failure", sum.last_failure).end_object();
  co_return out;
}

}  // namespace postrider::app
