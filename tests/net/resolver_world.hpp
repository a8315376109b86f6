#pragma once

#include "scripted_dns.hpp"

#include <memory>
#include <string>
#include <utility>

#include <postrider/engine/simulation.hpp>
#include <postrider/net/resolver.hpp>

namespace postrider::net {

// A simulated network with one or two scripted servers, and a resolver that asks them.
struct ResolverWorld {
  static inline const SocketAddress first_address = SocketAddress::parse("192.0.2.53:53").value();
  static inline const SocketAddress second_address = SocketAddress::parse("192.0.2.54:53").value();

  explicit ResolverWorld(ScriptedDns::Script script, ScriptedDns::Script second_script = nullptr,
                         const engine::SimulationSettings& with = {.seed = 42})
      : simulation(engine::Simulation::create(with)), reactor(simulation->reactor(0)) {
    first = std::make_unique<ScriptedDns>(reactor, first_address, std::move(script));
    settings.servers = {first_address};
    if (second_script) {
      second = std::make_unique<ScriptedDns>(reactor, second_address, std::move(second_script));
      settings.servers.push_back(second_address);
    }
  }
  ResolverWorld(DnssecMode mode, ScriptedDns::Script script)
      : ResolverWorld(std::move(script), nullptr) {
    settings.dnssec = mode;
  }
  void start() { resolver = make_resolver(reactor, settings); }
  // `body` captures nothing: it is a coroutine.
  void run(engine::Task<void> (*body)(ResolverWorld&)) {
    start();
    simulation->run(body(*this));
  }
  [[nodiscard]] engine::Until in(Duration duration) const {
    return {.deadline = reactor.now() + duration};
  }
  engine::Task<SharedAnswer> ask(std::string name, dns::RecordType type = dns::RecordType::a) {
    return resolver->lookup(std::move(name), type, in(std::chrono::minutes(5)));
  }

  std::unique_ptr<ScriptedDns> first;  // outlive the simulation's tasks
  std::unique_ptr<ScriptedDns> second;
  std::unique_ptr<engine::Simulation> simulation;
  engine::Reactor& reactor;
  ResolverSettings settings;
  std::unique_ptr<Resolver> resolver;
  bool up = true;  // for scripts that look at it
};

inline DnsReaction one_address(const dns::Query& query, bool) {
  return answers({a_record(query.question.name, "198.51.100.7", 60)});
}

}  // namespace postrider::net
