#include "store/record_codec.hpp"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <postrider/base/assert.hpp>
#include <postrider/engine/real.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/store/store.hpp>

// Group commit of 4-KiB messages through the real engine, the real committer and the real disk, by
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

// Arguments: how many at once; whether each is settled too.
void commit_4_kib(benchmark::State& state) {
  const auto concurrent = static_cast<int>(state.range(0));
  const std::uint64_t batch = std::max<std::uint64_t>(512, 64 * state.range(0));
  const Directory directory;
  double groups = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const auto engine = engine::Engine::create({.cores = 1, .pin = false});
    const auto store = Store::open({.directory = directory.path()}, *engine);
    Run run{*store, SharedOctets(std::string(4096, 'x')), batch, 0, state.range(1) != 0};
    state.ResumeTiming();
    engine->run(
        [&](engine::Reactor& reactor) { return commit_all(reactor, *engine, run, concurrent); });
    state.PauseTiming();
    groups += static_cast<double>(store->queue(0).counters().groups);
    store->close();
    state.ResumeTiming();
  }
  const auto messages = static_cast<double>(state.iterations()) * static_cast<double>(batch);
  state.SetItemsProcessed(static_cast<std::int64_t>(messages));
  state.counters["per_group"] = messages / groups;
}
BENCHMARK(commit_4_kib)
    ->ArgNames({"concurrent", "settled"})
    ->ArgsProduct({{1, 8, 64, 256}, {0, 1}})
    ->MeasureProcessCPUTime()
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
