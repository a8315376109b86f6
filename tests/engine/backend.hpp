#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>

#include <postrider/engine/real.hpp>
#include <postrider/engine/simulation.hpp>

namespace postrider::engine {

// The two back ends behind the doors of this room: every test of a door runs against both.
enum class BackendKind : std::uint8_t { simulated, real };

using Body = std::function<Task<void>(Cores&, Reactor&)>;

// Runs `body` on core 0 of a fresh back end with `cores` cores, to its end.
inline void run_on(BackendKind kind, CoreId cores, Body body) {
  if (kind == BackendKind::simulated) {
    const auto simulation = Simulation::create({.seed = 7, .cores = cores});
    simulation->run(body(*simulation, simulation->reactor(0)));
    return;
  }
  const auto engine = Engine::create({.cores = cores, .pin = false, .ring_entries = 256});
  struct Start {
    static Task<void> run(Body& body, Engine& engine, Reactor& reactor) {
      if (reactor.core() == 0) {
        co_await body(engine, reactor);
        engine.stop();
      }
    }
  };
  engine->run([&](Reactor& reactor) { return Start::run(body, *engine, reactor); });
}

class EachBackend : public testing::TestWithParam<BackendKind> {
 protected:
  void run(Body body, CoreId cores = 1) { run_on(GetParam(), cores, std::move(body)); }
};

inline std::string backend_name(const testing::TestParamInfo<BackendKind>& info) {
  return info.param == BackendKind::simulated ? "Simulated" : "Real";
}

#define POSTRIDER_EACH_BACKEND(suite) \
  INSTANTIATE_TEST_SUITE_P(           \
      Engine, suite, testing::Values(BackendKind::simulated, BackendKind::real), backend_name)

inline Until within(Reactor& reactor, Duration duration) {
  return Until{.deadline = reactor.now() + duration};
}
inline Until soon(Reactor& reactor) {
  return within(reactor, std::chrono::seconds(20));
}

// At least `size` octets, however they are cut.
inline Task<std::string> read_some(Reactor& reactor, Stream& stream, std::size_t size) {
  std::string all;
  while (all.size() < size) {
    const auto octets = co_await stream.receive(soon(reactor));
    EXPECT_TRUE(octets);
    if (!octets) {
      break;
    }
    all += *octets;
  }
  co_return all;
}

inline SocketAddress loopback_any() {
  return {IpAddress::loopback(), 0};
}

}  // namespace postrider::engine
