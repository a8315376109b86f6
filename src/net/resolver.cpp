#include "dns_cache_records.hpp"
#include "dnssec_path.hpp"
#include "resolver_lookup.hpp"
#include "trust_cache_records.hpp"

#include <algorithm>
#include <iterator>
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
      : shared(reactor, settings),
        places(reactor, settings.outstanding_max),
        loaded(reactor),
        saving(reactor, 1) {}

  ResolverShared shared;
  engine::Semaphore places;
  engine::Event loaded;      // what was kept over the restart is in the cache
  engine::Semaphore saving;  // one at a time
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights;  // shared with who waits
  std::uint64_t lookups = 0;
  std::uint64_t cache_hits = 0;
  std::uint64_t joined = 0;
  std::uint64_t stale = 0;
  std::uint64_t answers_loaded = 0;
  std::uint64_t keys_loaded = 0;
};

// A part of the state that keeps all of it.
std::shared_ptr<ResolverShared> shared_of(const std::shared_ptr<State>& state) {
  return {state, &state->shared};
}

// What has expired stands in while nobody can be asked (RFC 8767 5).
SharedAnswer stand_in(State& state, const std::string& key) {
  const MonoTime now = state.shared.reactor.now();
  const SharedAnswer old = state.shared.cache.find_stale(key, now);
  if (!old || (old->unvalidated && state.shared.validates())) {
    return nullptr;
  }
  DnsAnswer answer = *old;
  answer.stale = true;
  answer.expires = std::min(now + state.shared.settings.stale_ttl, old->stale_until);
  ++state.stale;
  return std::make_shared<const DnsAnswer>(std::move(answer));
}

SharedAnswer answer_of(DnsAnswer answer) {
  return std::make_shared<const DnsAnswer>(std::move(answer));
}

engine::Task<SharedAnswer> answer_to(std::shared_ptr<State> state, dns::Question question,
                                     std::string key, engine::Until until) {
  const std::shared_ptr<ResolverShared> shared = shared_of(state);
  const bool validates = shared->validates();
  Resolved resolved = co_await resolve(shared, question, until);
  if (resolved.answer.status == DnsStatus::temporary_failure) {
    SharedAnswer stale = resolved.servers_down ? stand_in(*state, key) : nullptr;
    if (stale) {
      co_return stale;
    }
    if (validates && co_await is_path_stripped(shared, until)) {
      resolved = co_await resolve(shared, std::move(question), until);
    }
  }
  shared->unvalidated += resolved.answer.unvalidated ? 1 : 0;
  co_return answer_of(std::move(resolved.answer));
}

// In the reactor's care, so that an asker who gives up takes nothing from the others, and the
// answer is kept for the next.
engine::Task<void> fly(std::shared_ptr<State> state, dns::Question question, std::string key,
                       std::shared_ptr<Flight> flight) {
  const engine::Until until{state->shared.reactor.now() + flight_time_max,
                            state->shared.stop.token()};
  const auto place = co_await state->places.acquire(1, until);
  if (place) {
    flight->answer = co_await answer_to(state, std::move(question), key, until);
  } else {
    flight->answer =
        answer_of(temporary_failure(question.name, "too many DNS queries are waiting"));
  }
  if (flight->answer->expires > state->shared.reactor.now()) {
    state->shared.cache.put(key, flight->answer);
  }
  state->flights.erase(key);
  flight->done.set();
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
  if (!state->loaded.is_set()) {
    (void)co_await state->loaded.wait(until);  // who can't wait asks for himself
  }
  std::string key = cache_key(*canonical, type);
  SharedAnswer known = state->shared.cache.find(key, state->shared.reactor.now());
  if (known && !(known->unvalidated && state->shared.validates())) {
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

// What a cached answer depends on beside the question.
std::string fingerprint(const ResolverSettings& settings) {
  std::string text = std::to_string(static_cast<unsigned>(settings.dnssec));
  if (settings.dnssec == DnssecMode::validate) {
    text += " " + settings.trust_anchors.fingerprint();
  } else {
    for (const SocketAddress& server : settings.servers) {
      text += " " + server.text();
    }
  }
  return text;
}

ClockPair clocks(engine::Reactor& reactor) {
  return {.mono = reactor.now(), .wall = reactor.wall_now()};
}

// What was kept over a restart.
struct Kept {
  std::vector<CachedAnswer> answers;
  std::vector<dns::SharedCut> cuts;
};

// Reading and decoding are the pool's work; a slice a turn goes into the caches.
engine::Task<void> load_cache(std::shared_ptr<State> state) {
  constexpr std::size_t slice = 500;
  ResolverShared& shared = state->shared;
  auto kept = std::make_shared<Kept>();  // shared with the pool's work
  const ClockPair now = clocks(shared.reactor);
  const std::string print = fingerprint(shared.settings);
  auto work = [kept, now, port = shared.settings.cache_port, core = shared.reactor.core(), print] {
    const std::vector<std::string> records = port->load(core);
    kept->answers = decode_cache(print, records, now);
    if (!records.empty() && records.front() == print) {
      kept->cuts = decode_cuts(records, unix_seconds(now.wall));
    }
  };
  (void)co_await shared.reactor.offload(std::move(work), {mono_never, shared.stop.token()});
  // The most recent stand first, and are to be the most recent again.
  for (std::size_t left = kept->answers.size(); left > 0; --left) {
    CachedAnswer& cached = kept->answers[left - 1];
    shared.cache.put(std::move(cached.key), std::move(cached.answer));
    ++state->answers_loaded;
    if (left % slice == 0) {
      co_await shared.reactor.heavy_step();
    }
  }
  for (std::size_t left = kept->cuts.size(); left > 0; --left) {
    if (left == kept->cuts.size() || left % slice == 0) {
      co_await shared.reactor.heavy_step();
      if (fingerprint(shared.settings) != print) {
        break;  // the trust anchors are others by now
      }
    }
    shared.trust.put(std::move(kept->cuts[left - 1]));
    ++state->keys_loaded;
  }
  state->loaded.set();
}

engine::Task<void> save_cache_of(std::shared_ptr<State> state) {
  ResolverShared& shared = state->shared;
  if (shared.settings.cache_port == nullptr || !state->loaded.is_set()) {
    co_return;
  }
  const auto turn = co_await state->saving.acquire(1, {});
  if (!turn) {
    co_return;
  }
  auto work = [answers = shared.cache.most_recent(shared.settings.cache_saved_entries),
               cuts = shared.trust.most_recent(shared.settings.cache_saved_entries),
               now = clocks(shared.reactor), port = shared.settings.cache_port,
               core = shared.reactor.core(), print = fingerprint(shared.settings)] {
    std::vector<std::string> records = encode_cache(print, answers, now);
    std::ranges::move(encode_cuts(cuts, unix_seconds(now.wall)), std::back_inserter(records));
    (void)port->save(core, records);  // the next time, then
  };
  (void)co_await shared.reactor.offload(std::move(work), {});  // not done: as if not saved
}

engine::Task<void> keep_warm(std::shared_ptr<State> state) {
  co_await load_cache(state);
  ResolverShared& shared = state->shared;
  std::uint64_t seen = 0;
  while (co_await shared.reactor.sleep_for(shared.settings.cache_save_interval,
                                           shared.stop.token()) == engine::WaitEnd::elapsed) {
    if (state->lookups != seen) {
      seen = state->lookups;
      co_await save_cache_of(state);
    }
  }
}

class CachingResolver final : public Resolver {
 public:
  CachingResolver(engine::Reactor& reactor, const ResolverSettings& settings)
      : state_(std::make_shared<State>(reactor, settings)) {
    if (settings.cache_port != nullptr) {
      reactor.spawn(keep_warm(state_));
    } else {
      state_->loaded.set();
    }
    if (settings.dnssec == DnssecMode::validate && settings.path_check_interval > Duration{}) {
      reactor.spawn(watch_path(shared_of(state_)));
    }
  }
  CachingResolver(const CachingResolver&) = delete;
  CachingResolver& operator=(const CachingResolver&) = delete;
  ~CachingResolver() override { state_->shared.stop.cancel(); }

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
            .strays = shared.exchanges.strays,
            .key_queries = shared.key_queries,
            .signature_checks = shared.signature_checks,
            .bogus = shared.bogus,
            .rescued = shared.rescued,
            .unvalidated = shared.unvalidated,
            .stale = state_->stale,
            .loaded = state_->answers_loaded,
            .keys_loaded = state_->keys_loaded};
  }

  [[nodiscard]] DnssecStatus dnssec_status() const override { return state_->shared.path.status; }

  engine::Task<void> save_cache() override { return save_cache_of(state_); }

  void set_may_go_unvalidated(bool may) override {
    state_->shared.settings.may_go_unvalidated = may;
  }

  void set_trust_anchors(dns::TrustAnchors anchors) override {
    ResolverShared& shared = state_->shared;
    if (anchors.fingerprint() != shared.settings.trust_anchors.fingerprint()) {
      shared.settings.trust_anchors = std::move(anchors);
      shared.trust.clear();
      if (shared.settings.path_check_interval > Duration{}) {
        shared.reactor.spawn(check_path(shared_of(state_), {.cancel = shared.stop.token()}));
      }
    }
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
