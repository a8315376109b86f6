#include "resolver_lookup.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include <postrider/codec/dns/domain_name.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/net/resolver.hpp>

namespace postrider::net {

namespace {

// A lookup ends by itself: the servers' time-outs add up to less, but for many servers.
constexpr Duration flight_time_max = std::chrono::seconds(60);

// A question that is being asked, for all who want to know.
struct Flight {
  explicit Flight(engine::Reactor& reactor) : done(reactor) {}
  engine::Event done;
  SharedAnswer answer;  // set before done
};

// Lives until the resolver and the last flight are gone (shared: either may be last).
struct State {
  State(engine::Reactor& reactor, const ResolverSettings& settings)
      : shared(reactor, settings), places(reactor, settings.outstanding_max) {}

  ResolverShared shared;
  engine::Semaphore places;
  engine::CancelSource stop;
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights;  // shared with who waits
  std::uint64_t lookups = 0;
  std::uint64_t cache_hits = 0;
  std::uint64_t joined = 0;
};

// In the reactor's care, so that an asker who gives up takes nothing from the others, and the
// answer is kept for the next.
engine::Task<void> fly(std::shared_ptr<State> state, dns::Question question, std::string key,
                       std::shared_ptr<Flight> flight) {
  const engine::Until until{state->shared.reactor.now() + flight_time_max, state->stop.token()};
  const std::string name = question.name;
  DnsAnswer answer;
  const auto place = co_await state->places.acquire(1, until);
  if (place) {
    answer = co_await resolve(state->shared, std::move(question), until);
  } else {
    answer = temporary_failure(name, "too many DNS queries are waiting");
  }
  flight->answer = std::make_shared<const DnsAnswer>(std::move(answer));
  if (flight->answer->expires > state->shared.reactor.now()) {
    state->shared.cache.put(key, flight->answer);
  }
  state->flights.erase(key);
  flight->done.set();
}

SharedAnswer answer_of(DnsAnswer answer) {
  return std::make_shared<const DnsAnswer>(std::move(answer));
}

// A name that can't be put into a question does not exist.
DnsAnswer impossible_name(std::string name) {
  DnsAnswer answer = temporary_failure(std::move(name), "not a domain name");
  answer.status = DnsStatus::no_such_name;
  return answer;
}

engine::Task<SharedAnswer> look_up(std::shared_ptr<State> state, std::string name,
                                   dns::RecordType type, engine::Until until) {
  ++state->lookups;
  const auto canonical = dns::canonical_name(name);
  if (!canonical) {
    co_return answer_of(impossible_name(std::move(name)));
  }
  std::string key = cache_key(*canonical, type);
  if (SharedAnswer known = state->shared.cache.find(key, state->shared.reactor.now())) {
    ++state->cache_hits;
    co_return known;
  }
  const auto [place, is_new] = state->flights.try_emplace(key);
  if (is_new) {
    place->second = std::make_shared<Flight>(state->shared.reactor);
    state->shared.reactor.spawn(
        fly(state, {.name = *canonical, .type = type}, std::move(key), place->second));
  } else {
    ++state->joined;
  }
  const std::shared_ptr<Flight> flight = place->second;
  const auto ended = co_await flight->done.wait(until);
  if (flight->answer) {
    co_return flight->answer;
  }
  const bool late = !ended && ended.error() == engine::IoError::timed_out;
  co_return answer_of(temporary_failure(
      *canonical, late ? "no DNS answer before the deadline" : "the DNS lookup was cancelled"));
}

class CachingResolver final : public Resolver {
 public:
  CachingResolver(engine::Reactor& reactor, const ResolverSettings& settings)
      : state_(std::make_shared<State>(reactor, settings)) {}
  CachingResolver(const CachingResolver&) = delete;
  CachingResolver& operator=(const CachingResolver&) = delete;
  ~CachingResolver() override { state_->stop.cancel(); }

  engine::Task<SharedAnswer> lookup(std::string name, dns::RecordType type,
                                    engine::Until until) override {
    return look_up(state_, std::move(name), type, until);
  }

  [[nodiscard]] Counters counters() const override {
    const ResolverShared& shared = state_->shared;
    return {.lookups = state_->lookups,
            .cache_hits = state_->cache_hits,
            .joined = state_->joined,
            .queries = shared.exchanges.queries,
            .tcp = shared.exchanges.tcp,
            .timeouts = shared.timeouts,
            .strays = shared.exchanges.strays};
  }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<Resolver> make_resolver(engine::Reactor& reactor,
                                        const ResolverSettings& settings) {
  return std::make_unique<CachingResolver>(reactor, settings);
}

}  // namespace postrider::net
