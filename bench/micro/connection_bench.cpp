#include "handshake_flood.hpp"

#include <benchmark/benchmark.h>
#include <chrono>
#include <thread>
#include <vector>

// How long an established session waits for its reply while its core is flooded with TLS
// handshakes: the bound is 5 ms at the 99th percentile. cpu: the core's own work in that time,
// which the rest of the machine does not disturb.
namespace postrider::net {
namespace {

// Argument: how many clients hammer the core with handshakes.
void BM_ReplyUnderHandshakes(benchmark::State& state) {
  HandshakeFlood flood(static_cast<std::size_t>(state.range(0)));
  std::vector<double> wall_ms;
  std::vector<double> cpu_ms;
  if (state.range(0) > 0) {
    flood.await_handshakes(2 * static_cast<std::uint64_t>(state.range(0)));
  }
  const auto began = std::chrono::steady_clock::now();
  const auto before = flood.handshakes();
  auto due = began;
  for (auto _ : state) {
    // At fixed times, and counted from them: a long wait delays the lines behind it, too.
    due += std::chrono::milliseconds(2);
    std::this_thread::sleep_until(due);
    const std::chrono::duration<double, std::milli> late = std::chrono::steady_clock::now() - due;
    const auto wait = flood.ask();
    wall_ms.push_back(late.count() + wait.wall_ms);
    cpu_ms.push_back(wait.cpu_ms);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
  state.counters["p50_ms"] = percentile(wall_ms, 0.5);
  state.counters["p99_ms"] = percentile(wall_ms, 0.99);
  state.counters["max_ms"] = wall_ms.back();
  state.counters["cpu_p50_ms"] = percentile(cpu_ms, 0.5);
  state.counters["cpu_p99_ms"] = percentile(cpu_ms, 0.99);
  state.counters["cpu_max_ms"] = cpu_ms.back();
  state.counters["handshakes/s"] =
      static_cast<double>(flood.handshakes() - before) / seconds.count();
}
BENCHMARK(BM_ReplyUnderHandshakes)->Arg(0)->Arg(50)->Arg(500)->UseRealTime();

}  // namespace
}  // namespace postrider::net

BENCHMARK_MAIN();
