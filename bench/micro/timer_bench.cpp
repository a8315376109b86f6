#include "engine/timer_wheel.hpp"

#include <benchmark/benchmark.h>
#include <memory>
#include <vector>

#include <postrider/base/random.hpp>

namespace postrider::engine {
namespace {

struct Waiting final : TimerWheel::Node {
  void on_due() override { ++due; }
  std::uint64_t due = 0;
};

// What each wait of a session does: armed before it, disarmed when the octets come, among so many
// that stay.
void arm_and_disarm(benchmark::State& state) {
  TimerWheel wheel(0);
  const auto others = std::make_unique<Waiting[]>(static_cast<std::size_t>(state.range(0)));
  SeededRandom random(1);
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    wheel.insert(others[static_cast<std::size_t>(i)], 1 + random.next_u64() % 300'000);
  }
  Waiting mine;
  for (auto _ : state) {
    wheel.insert(mine, 300'000);
    wheel.remove(mine);
  }
}
BENCHMARK(arm_and_disarm)->Arg(0)->Arg(10'000)->Arg(1'000'000);

// So many timers over five minutes, in ticks of a millisecond, until all were due.
void run_out(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto nodes = std::make_unique<Waiting[]>(count);
  for (auto _ : state) {
    TimerWheel wheel(0);
    SeededRandom random(1);
    for (std::size_t i = 0; i < count; ++i) {
      wheel.insert(nodes[i], 1 + random.next_u64() % 300'000);
    }
    while (const auto next = wheel.next()) {
      wheel.advance(*next);
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(run_out)->Arg(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace postrider::engine

BENCHMARK_MAIN();
