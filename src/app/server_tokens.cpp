// What operators are told of who knows access tokens.
#include "server.hpp"
#include "server_core.hpp"

#include <postrider/base/json.hpp>
#include <postrider/base/text.hpp>

namespace postrider::app {

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
