#include "store/record_codec.hpp"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>

#include <postrider/base/assert.hpp>
#include <postrider/engine/real.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/store/store.hpp>

// Group commit of messages through the real engine, the real committer and the real disk, by
// so many coroutines at once: each commits, and settles what it has committed, so that the queue
// stays short as it does when mail flows.
namespace postrider::store {
namespace {

class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "commit-bench-XXXXXX").string();
    check(mkdtemp(name.data()) != nullptr, "no temporary directory");
    path_ = name;
  }
  ~Directory() {
    std::error_code ignored;  // what is left behind is the system's to clean
    std::filesystem::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Run {
  Store& store;
  const SharedOctets octets;
  std::uint64_t wanted = 0;
  std::uint64_t begun = 0;
  bool settles = false;
};

engine::Task<void> commit_many(Run& run) {
  QueueStore& queue = run.store.queue(0);
  while (run.begun < run.wanted) {
    ++run.begun;
    auto envelope = std::make_shared<Envelope>();
    envelope->id = queue.next_id();
    envelope->tenant = "acme";
    envelope->reverse_path = "bounce@acme.example";
    envelope->size_octets = run.octets.view().size();
    envelope->destinations = {{"example.org", {{"user@example.org", {}, {}}}}};
    const DeliveryId delivery{envelope->id, 0};
    check((co_await queue.commit({std::move(envelope), run.octets})).has_value(), "commit failed");
    if (run.settles) {
      check((co_await queue.settle({delivery, std::nullopt, std::nullopt})).has_value(),
            "settle failed");
    }
  }
}

engine::Task<void> commit_all(engine::Reactor& reactor, engine::Engine& engine, Run& run,
                              int concurrent) {
  struct Worker {
    static engine::Task<void> work(Run& shared, engine::Gate::Pass pass) {
      co_await commit_many(shared);
      (void)pass;  // held to the end
    }
  };
  engine::Gate gate(reactor);
  for (int i = 0; i < concurrent; ++i) {
    reactor.spawn(Worker::work(run, gate.enter()));
  }
  co_await gate.drain(mono_never);
  engine.stop();
}

double process_cpu_us() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (static_cast<double>(time.tv_sec) * 1e6) + (static_cast<double>(time.tv_nsec) * 1e-3);
}

// `cpu_us`: of a message, the committer's and the reactor's together. It is the part that the disk
// has in the floor under a relayed message (bench/lab/floor.py).
void commit(benchmark::State& state, bool settles) {
  const auto octets = static_cast<std::size_t>(state.range(0)) << 10;
  const auto concurrent = static_cast<int>(state.range(1));
  const std::uint64_t batch = std::max<std::uint64_t>(64, (octets > 4096 ? 8 : 64) * concurrent);
  const Directory directory;
  double groups = 0;
  double cpu_us = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const auto engine = engine::Engine::create({.cores = 1, .pin = false});
    const auto store = Store::open({.directory = directory.path()}, *engine);
    Run run{*store, SharedOctets(std::string(octets, 'x')), batch, 0, settles};
    const double before = process_cpu_us();
    state.ResumeTiming();
    engine->run(
        [&](engine::Reactor& reactor) { return commit_all(reactor, *engine, run, concurrent); });
    state.PauseTiming();
    cpu_us += process_cpu_us() - before;
    groups += static_cast<double>(store->queue(0).counters().groups);
    store->close();
    state.ResumeTiming();
  }
  const auto messages = static_cast<double>(state.iterations()) * static_cast<double>(batch);
  state.SetItemsProcessed(static_cast<std::int64_t>(messages));
  state.counters["per_group"] = messages / groups;
  state.counters["cpu_us"] = cpu_us / messages;
}

void commit_alone(benchmark::State& state) {
  commit(state, false);
}
BENCHMARK(commit_alone)
    ->ArgNames({"kib", "concurrent"})
    ->ArgsProduct({{4}, {1, 8, 64, 256}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void commit_and_settle(benchmark::State& state) {
  commit(state, true);
}
BENCHMARK(commit_and_settle)
    ->ArgNames({"kib", "concurrent"})
    ->ArgsProduct({{4}, {1, 20, 100, 256}})
    ->Args({100, 20})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void encode_envelope_record(benchmark::State& state) {
  Envelope envelope;
  envelope.id = MessageId(1);
  envelope.tenant = "acme";
  envelope.reverse_path = "bounce@acme.example";
  envelope.destinations = {{"example.org", {{"user@example.org", {}, {}}}}};
  for (auto _ : state) {
    benchmark::DoNotOptimize(encode_envelope(envelope));
  }
}
BENCHMARK(encode_envelope_record);

}  // namespace
}  // namespace postrider::store

BENCHMARK_MAIN();
