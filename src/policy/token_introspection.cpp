#include "circuit_breaker.hpp"
#include "lru_table.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/base64.hpp>
#include <postrider/base/digest.hpp>
#include <postrider/codec/http/message.hpp>
#include <postrider/net/http_client.hpp>
#include <postrider/policy/token_introspection.hpp>

namespace postrider::policy {

namespace {

std::unexpected<TokenRefusal> unavailable(std::string text) {
  return failure(TokenRefusal{TokenFailure::unavailable, std::move(text)});
}

std::unexpected<TokenRefusal> left_alone() {
  return unavailable("the introspection endpoint does not answer: it is left alone for a while");
}

// RFC 6749 2.3.1: both are form-encoded before Basic joins them with a colon.
std::string authorization(const IntrospectionSettings& settings) {
  if (settings.client_id.empty()) {
    return "Bearer " + settings.secret;
  }
  return "Basic " + encode_base64(http::encode_percent(settings.client_id) + ':' +
                                  http::encode_percent(settings.secret));
}

// RFC 7662 2.1.
net::HttpOrder order_for(const IntrospectionSettings& settings, std::string_view token) {
  net::HttpOrder order;
  order.url = settings.endpoint;
  order.method = "POST";
  order.fields = {{"authorization", authorization(settings)},
                  {"content-type", "application/x-www-form-urlencoded"},
                  {"accept", "application/json"}};
  order.body = "token=" + http::encode_percent(token) + "&token_type_hint=access_token";
  order.limits.body_octets = introspection_limits::answer_octets;
  return order;
}

}  // namespace

struct TokenIntrospection::Cache {
  struct Entry {
    std::string account;
    MonoTime expires{};
  };
  // By the token's SHA-256: what is in memory opens nothing.
  LruTable<std::string, Entry> good{introspection_limits::kept};
};

struct TokenIntrospection::Health {
  CircuitBreaker breaker{{.failures = introspection_limits::failures_in_a_row,
                          .pause_min = introspection_limits::pause_min,
                          .pause_max = introspection_limits::pause_max}};
};

TokenIntrospection::TokenIntrospection(Doors doors)
    : doors_(std::move(doors)),
      cache_(std::make_unique<Cache>()),
      health_(std::make_unique<Health>()),
      places_(doors_.reactor, introspection_limits::at_once) {}

TokenIntrospection::~TokenIntrospection() = default;

void TokenIntrospection::set(std::optional<IntrospectionSettings> settings) {
  const bool same = settings.has_value() == (settings_ != nullptr) &&
                    (settings_ == nullptr || *settings == *settings_);
  if (same) {
    return;
  }
  settings_ =
      settings ? std::make_shared<const IntrospectionSettings>(*std::move(settings)) : nullptr;
  cache_ = std::make_unique<Cache>();
  health_ = std::make_unique<Health>();
  counters_.is_down = false;
}

std::string TokenIntrospection::recall(const std::string& token) {
  const Cache::Entry* entry = cache_->good.find(std::string(sha256(token).view()));
  if (entry == nullptr || entry->expires <= doors_.reactor.now()) {
    return {};
  }
  ++counters_.cache_hits;
  return entry->account;
}

engine::Task<Result<std::string, TokenRefusal>> TokenIntrospection::find_account(
    std::string token, engine::Until until) {
  const auto settings = settings_;
  if (!settings || doors_.tls == nullptr) {
    co_return unavailable(settings ? "there are no trust anchors to know the endpoint by"
                                   : "no introspection endpoint is configured");
  }
  until.deadline = std::min(until.deadline, doors_.reactor.now() + settings->timeout);
  auto facts = co_await ask(settings, token, until);
  if (!facts) {
    ++(facts.error().kind == TokenFailure::refused ? counters_.refused : counters_.failed);
    co_return failure(std::move(facts.error()));
  }
  ++counters_.taken;
  Duration good_for = settings->cache_ttl;
  if (facts->expires) {
    good_for = std::min(good_for, Duration(*facts->expires - doors_.reactor.wall_now()));
  }
  if (settings == settings_ && good_for > Duration::zero()) {
    cache_->good.obtain(std::string(sha256(token).view())) = {facts->account,
                                                              doors_.reactor.now() + good_for};
  }
  co_return std::move(facts->account);
}

engine::Task<Result<TokenFacts, TokenRefusal>> TokenIntrospection::ask(
    std::shared_ptr<const IntrospectionSettings> settings, std::string token, engine::Until until) {
  if (settings == settings_ && health_->breaker.is_closed_to(doors_.reactor.now())) {
    ++counters_.not_asked;
    co_return left_alone();
  }
  if (waiting_ >= introspection_limits::waiting) {
    co_return unavailable("too many tokens are being looked up");
  }
  ++waiting_;
  const auto place = co_await places_.acquire(1, until);
  --waiting_;
  if (!place) {
    co_return unavailable("the token waited too long to be looked up");
  }
  // Asked now, not when it began to wait: it may have been down since.
  if (settings == settings_ && !health_->breaker.begin(doors_.reactor.now())) {
    ++counters_.not_asked;
    co_return left_alone();
  }
  ++counters_.asked;
  auto facts = co_await exchange(settings, std::move(token), until);
  note(settings.get(), facts);
  co_return facts;
}

// What an endpoint that is no longer set does is nobody's business any more.
void TokenIntrospection::note(const IntrospectionSettings* asked,
                              const Result<TokenFacts, TokenRefusal>& facts) {
  if (asked != settings_.get()) {
    return;
  }
  const bool has_failed = !facts && facts.error().kind == TokenFailure::unavailable;
  const CircuitBreaker::Turn turn =
      has_failed ? health_->breaker.on_failure(doors_.reactor.now()) : health_->breaker.on_answer();
  counters_.is_down = health_->breaker.is_open();
  if (has_failed) {
    counters_.last_failure = facts.error().text;
  }
  if (turn != CircuitBreaker::Turn::none && doors_.on_turn) {
    doors_.on_turn(has_failed ? facts.error().text : std::string());
  }
}

engine::Task<Result<TokenFacts, TokenRefusal>> TokenIntrospection::exchange(
    std::shared_ptr<const IntrospectionSettings> settings, std::string token, engine::Until until) {
  const auto answer = co_await net::https_exchange({doors_.reactor, doors_.resolver, *doors_.tls},
                                                   order_for(*settings, token), until);
  if (!answer) {
    co_return unavailable(
        fmt::format("the introspection endpoint can't be asked: {}", answer.error().text));
  }
  if (answer->status != 200) {
    co_return unavailable(fmt::format("the introspection endpoint says HTTP {}{}", answer->status,
                                      answer->status == 401 || answer->status == 403
                                          ? ": look at client_id and secret_file"
                                          : ""));
  }
  auto facts = read_introspection(answer->body, settings->demands, doors_.reactor.wall_now());
  if (!facts && facts.error().kind == TokenFailure::unavailable) {
    facts.error().text.insert(0, "the introspection endpoint: ");
  }
  co_return facts;
}

}  // namespace postrider::policy
