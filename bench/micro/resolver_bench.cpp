#include <benchmark/benchmark.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <postrider/base/assert.hpp>
#include <postrider/codec/dns/message.hpp>
#include <postrider/engine/simulation.hpp>
#include <postrider/net/resolver.hpp>

// Lookups that the resolver's cache answers, on a simulated network whose one server has an MX
// for every name.
namespace postrider::net {
namespace {

const SocketAddress server_address{IpAddress::loopback(), 53};

engine::Task<void> serve_mx(engine::Reactor& reactor) {
  auto socket = reactor.open_datagram({.bind = server_address, .peer = std::nullopt});
  check(socket.has_value(), "the simulated server can't listen");
  while (auto datagram = co_await (*socket)->receive({})) {
    const auto query = dns::parse_query(datagram->octets);
    check(query.has_value(), "the resolver asks sound questions");
    dns::Response response;
    response.id = query->id;
    response.question = query->question;
    response.recursion_available = true;
    dns::Record record;
    record.owner = query->question.name;
    record.type = dns::RecordType::mx;
    record.ttl = 300;
    record.data = dns::Mx{.preference = 10, .host = "mx.example.net"};
    response.answers = {std::move(record)};
    const auto octets = dns::encode_response(response, dns::udp_octets_min);
    check(octets.has_value(), "the answer fits");
    (void)co_await (*socket)->send(datagram->peer, *octets, {});  // a lost one is asked for again
  }
}

struct Asking {
  Resolver& resolver;
  benchmark::State* state = nullptr;
  std::vector<std::string> names;
};

engine::Task<void> ask_each(Asking& asking) {
  for (const auto& name : asking.names) {
    (void)co_await asking.resolver.lookup(name, dns::RecordType::mx, {});
  }
}

engine::Task<void> ask_again(Asking& asking) {
  std::size_t next = 0;
  for (auto _ : *asking.state) {
    const auto& name = asking.names[next++ % asking.names.size()];
    benchmark::DoNotOptimize(co_await asking.resolver.lookup(name, dns::RecordType::mx, {}));
  }
}

void lookup_of_a_cached_name(benchmark::State& state) {
  const auto simulation = engine::Simulation::create({.seed = 1});
  auto& reactor = simulation->reactor(0);
  reactor.spawn(serve_mx(reactor));
  const auto resolver = make_resolver(reactor, {.servers = {server_address}});
  Asking asking{*resolver, &state, {}};
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    asking.names.push_back("d" + std::to_string(i) + ".example.net");
  }
  simulation->run(ask_each(asking));
  const auto before = resolver->counters();
  simulation->run(ask_again(asking));
  const auto after = resolver->counters();
  check(after.cache_hits - before.cache_hits == after.lookups - before.lookups, "all are hits");
  simulation->kill_tasks();
}
BENCHMARK(lookup_of_a_cached_name)->Arg(1)->Arg(1'000);

}  // namespace
}  // namespace postrider::net

BENCHMARK_MAIN();
