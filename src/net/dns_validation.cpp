#include "dns_validation.hpp"

#include "dns_ask.hpp"

#include <utility>

#include <postrider/engine/sync.hpp>

namespace postrider::net {

// A question for keys that is being asked, for all validations that need it.
struct KeyFlight {
  explicit KeyFlight(engine::Reactor& reactor) : done(reactor) {}
  engine::Event done;
  Result<dns::Evidence, std::string> evidence = failure(std::string("not asked"));
};

namespace {

// As long as a lookup itself may take: who waits has a deadline of its own.
constexpr Duration key_flight_time_max = std::chrono::seconds(30);

engine::Task<void> fly(std::shared_ptr<ResolverShared> shared, dns::Question question,
                       std::vector<std::size_t> without, std::string key,
                       std::shared_ptr<KeyFlight> flight) {
  const engine::Until until{shared->reactor.now() + key_flight_time_max, shared->stop.token()};
  const std::uint64_t before = shared->exchanges.queries;
  auto asked = co_await ask_servers(
      *shared, std::move(question),
      {.checking_disabled = true, .dnssec_ok = true, .without = std::move(without)}, until);
  shared->key_queries += shared->exchanges.queries - before;
  if (asked) {
    flight->evidence = std::move(asked->response.evidence);
  } else {
    flight->evidence = failure(std::move(asked.error().reason));
  }
  shared->key_flights.erase(key);
  flight->done.set();
}

engine::Task<void> supply(std::shared_ptr<ResolverShared> shared, dns::Validator& validator,
                          dns::Question question, const std::vector<std::size_t>& without,
                          engine::Until until) {
  std::string key = cache_key(question.name, question.type);
  for (const std::size_t server : without) {
    key += " -" + std::to_string(server);
  }
  const auto [place, is_new] = shared->key_flights.try_emplace(key);
  if (is_new) {
    place->second = std::make_shared<KeyFlight>(shared->reactor);
    shared->reactor.spawn(fly(shared, question, without, std::move(key), place->second));
  }
  const std::shared_ptr<KeyFlight> flight = place->second;
  if (const auto ended = co_await flight->done.wait(until); !ended) {
    validator.on_failure(question, ended.error() == engine::IoError::timed_out
                                       ? "no time left to ask"
                                       : "the lookup was cancelled");
  } else if (flight->evidence) {
    validator.on_evidence(question, *flight->evidence);
  } else {
    validator.on_failure(question, flight->evidence.error());
  }
}

}  // namespace

std::vector<dns::Claim> claims_of(const ChainResult& chain, const std::vector<std::string>& visited,
                                  std::size_t first, dns::RecordType type) {
  using Kind = dns::Claim::Kind;
  std::vector<dns::Claim> claims;
  for (std::size_t hop = first; hop + 1 < visited.size(); ++hop) {
    claims.push_back({Kind::exists, visited[hop], dns::RecordType::cname});
  }
  switch (chain.end) {
    case ChainEnd::found:
      claims.push_back({Kind::exists, chain.name, type});
      break;
    case ChainEnd::no_data:
      claims.push_back({Kind::no_data, chain.name, type});
      break;
    case ChainEnd::no_such_name:
      claims.push_back({Kind::no_such_name, chain.name, type});
      break;
    case ChainEnd::incomplete:
    case ChainEnd::broken:
      break;
  }
  return claims;
}

engine::Task<void> validate(std::shared_ptr<ResolverShared> shared, dns::Validator& validator,
                            const std::vector<std::size_t>& without, engine::Until until) {
  while (true) {
    co_await shared->reactor.heavy_step();
    const dns::Validator::Step step = validator.advance();
    switch (step.kind) {
      case dns::Validator::Step::Kind::done:
        co_return;
      case dns::Validator::Step::Kind::again:
        break;
      case dns::Validator::Step::Kind::need:
        co_await supply(shared, validator, step.need, without, until);
        break;
    }
  }
}

}  // namespace postrider::net
