#include "offload_pool.hpp"
#include "ring_probe.hpp"
#include "ring_reactor.hpp"
#include "ring_signals.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <pthread.h>
#include <sched.h>
#include <stdexcept>
#include <sys/resource.h>
#include <thread>

#include <postrider/engine/real.hpp>

namespace postrider::engine {
namespace {

// A process that has just ended gives its locked memory back a little later.
constexpr int set_up_attempts = 50;
constexpr auto set_up_pause = std::chrono::milliseconds(20);
constexpr Duration stop_linger = std::chrono::milliseconds(250);
// While stopping, cores look at each other's state this often.
constexpr Duration stop_look = std::chrono::milliseconds(10);

std::vector<int> usable_cpus() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &mask)) {
        cpus.push_back(cpu);
      }
    }
  }
  if (cpus.empty()) {
    cpus.push_back(0);
  }
  return cpus;
}

std::unique_ptr<Ring> make_ring(const EngineSettings& settings) {
  const RingSettings ring_settings{.entries = settings.ring_entries,
                                   .buffers = settings.receive_buffers,
                                   .buffer_bytes = settings.receive_buffer_bytes};
  std::unique_ptr<Ring> ring;
  int error = Ring::create(ring_settings, ring);
  for (int i = 0; i < set_up_attempts && error == ENOMEM; ++i) {
    std::this_thread::sleep_for(set_up_pause);  // at start, before any reactor runs
    error = Ring::create(ring_settings, ring);
  }
  if (error != 0) {
    const KernelFinding finding = explain_ring_failure(error);
    throw std::runtime_error(finding.problem + ": " + finding.remedy);
  }
  return ring;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);  // probe_kernel warns of what is too low
  }
}

class RingInlet final : public Inlet {
 public:
  explicit RingInlet(RingReactor& target) : target_(target) {}
  ~RingInlet() override { flush(); }
  void post(Work work) override { held_.push_back(std::move(work)); }
  void flush() override {
    if (!held_.empty()) {
      target_.deliver(*new WorkBatch(std::exchange(held_, {})));  // deletes itself
    }
  }

 private:
  RingReactor& target_;
  std::vector<Work> held_;
};

class EngineImpl final : public Engine {
 public:
  explicit EngineImpl(const EngineSettings& settings) : settings_(settings), cpus_(usable_cpus()) {
    raise_descriptor_limit();
    const auto cores = settings.cores != 0 ? settings.cores : static_cast<CoreId>(cpus_.size());
    const std::uint64_t places = std::max<std::uint64_t>(1, settings.offload_queue / cores);
    for (CoreId core = 0; core < cores; ++core) {
      reactors_.push_back(std::make_unique<RingReactor>(core, make_ring(settings), pool_, places));
    }
    idle_ = std::vector<std::atomic<bool>>(cores);
  }

  [[nodiscard]] CoreId count() const override { return static_cast<CoreId>(reactors_.size()); }
  [[nodiscard]] Reactor& reactor(CoreId core) override { return *reactors_.at(core); }
  void post(Reactor& from, CoreId to, Work work) override {
    check(to < count(), "no such core");
    reactors_[from.core()]->post_to(*reactors_[to], std::move(work));
  }
  [[nodiscard]] std::unique_ptr<Inlet> open_inlet(CoreId to) override {
    check(to < count(), "no such core");
    return std::make_unique<RingInlet>(*reactors_[to]);
  }

  void run(std::function<Task<void>(Reactor&)> on_start) override {
    pool_.start(std::max(1U, settings_.offload_threads));
    std::vector<std::thread> threads;
    for (CoreId core = 1; core < count(); ++core) {
      threads.emplace_back([this, core, &on_start] { run_core(core, on_start); });
    }
    run_core(0, on_start);
    for (std::thread& thread : threads) {
      thread.join();
    }
    pool_.stop();
  }

  void stop() override {
    stopping_.store(true);
    for (const auto& reactor : reactors_) {
      reactor->wake();
    }
  }

  Task<IoResult<int>> next_signal(Until until) override { return signals_.next(until); }

 private:
  void run_core(CoreId core, const std::function<Task<void>(Reactor&)>& on_start) {
    RingReactor& reactor = *reactors_[core];
    settle_thread(core);
    const int error = reactor.begin();
    check(error == 0, "a ring that was set up can't be enabled");
    if (core == 0) {
      signals_.begin(reactor);
    }
    reactor.spawn(on_start(reactor));
    while (!stopping_.load()) {
      reactor.turn(std::nullopt);
    }
    const MonoTime limit = reactor.now() + settings_.stop_patience;
    while (reactor.now() < limit) {
      reactor.turn(stop_look);
      idle_[core].store(reactor.is_idle());
      if (std::ranges::all_of(idle_, [](const std::atomic<bool>& idle) { return idle.load(); })) {
        break;
      }
    }
    // The last replies are on their way: peers that close in return get them for sure.
    const MonoTime linger = std::min(limit, reactor.now() + stop_linger);
    while (reactor.has_lingering() && reactor.now() < linger) {
      reactor.turn(stop_look);
    }
    reactor.tear_down();
  }

  void settle_thread(CoreId core) {
    if (settings_.pin) {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(cpus_[core % cpus_.size()], &one);
      // Where it is forbidden the engine runs all the same, only less steadily.
      (void)pthread_setaffinity_np(pthread_self(), sizeof one, &one);
    }
    if (core > 0) {
      // For the eye only; core 0 keeps the name of the process.
      (void)pthread_setname_np(pthread_self(), ("core-" + std::to_string(core)).c_str());
    }
  }

  EngineSettings settings_;
  std::vector<int> cpus_;
  SignalSource signals_;
  OffloadPool pool_;
  std::atomic<bool> stopping_{false};
  std::vector<std::atomic<bool>> idle_;
  std::vector<std::unique_ptr<RingReactor>> reactors_;
};

}  // namespace

std::unique_ptr<Engine> Engine::create(const EngineSettings& settings) {
  return std::make_unique<EngineImpl>(settings);
}

}  // namespace postrider::engine
