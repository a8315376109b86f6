#include "sim_reactor.hpp"

#include <vector>

#include <postrider/engine/simulation.hpp>

namespace postrider::engine {
namespace {

class SimulationImpl;

class SimInlet final : public Inlet {
 public:
  SimInlet(SimWorld& world, CoreId to) : world_(world), to_(to) {}
  ~SimInlet() override { flush(); }
  void post(Work work) override { held_.push_back(std::move(work)); }
  void flush() override {
    for (Work& work : std::exchange(held_, {})) {
      world_.defer(to_, SimStep::posted, std::move(work));
    }
  }

 private:
  SimWorld& world_;
  CoreId to_;
  std::vector<Work> held_;
};

class SimulationImpl final : public Simulation {
 public:
  explicit SimulationImpl(const SimulationSettings& settings) : world_(settings), network_(world_) {
    check(settings.cores > 0, "a simulation needs a core");
    for (CoreId core = 0; core < settings.cores; ++core) {
      const std::uint64_t seed = settings.seed ^ (0x9e3779b97f4a7c15 * (core + 1ULL));
      reactors_.push_back(std::make_unique<SimReactor>(world_, network_, files_, core, seed));
    }
  }
  ~SimulationImpl() override {
    world_.close();
    destroy_tasks();
  }

  [[nodiscard]] CoreId count() const override { return static_cast<CoreId>(reactors_.size()); }
  [[nodiscard]] Reactor& reactor(CoreId core) override { return *reactors_.at(core); }
  void post(Reactor&, CoreId to, Work work) override {
    check(to < count(), "no such core");
    world_.defer(to, SimStep::posted, std::move(work));
  }
  [[nodiscard]] std::unique_ptr<Inlet> open_inlet(CoreId to) override {
    check(to < count(), "no such core");
    return std::make_unique<SimInlet>(world_, to);
  }

  NetworkFaults& faults() override { return network_.faults(); }
  void set_host(const IpAddress& address, HostState state) override {
    network_.set_host(address, state);
  }

  void run_until_idle() override {
    while (world_.step(mono_never)) {
    }
  }
  void run_until(MonoTime time) override {
    while (world_.step(time)) {
    }
    world_.advance_to(time);
  }
  void run_for(Duration duration) override { run_until(world_.now() + duration); }
  void run(Task<void> task) override {
    bool ended = false;
    reactors_.front()->spawn(note_end(std::move(task), ended));
    while (!ended) {  // NOLINT(bugprone-infinite-loop): the task's end sets it
      check(world_.step(mono_never), "the simulation is idle, but the task has not ended");
    }
  }

  void post_after(Duration delay, CoreId core, Work work) override {
    check(core < count(), "no such core");
    world_.after(delay, core, SimStep::disk, std::move(work));
  }

  void kill_tasks() override {
    world_.forget_work();
    destroy_tasks();
    world_.forget_work();
  }

  [[nodiscard]] std::string_view file_content(const std::string& path) const override {
    const auto found = files_.find(path);
    return found == files_.end() ? std::string_view() : found->second;
  }

  void set_wall_clock(Duration forward) override { world_.set_wall_clock(forward); }

  void trace(std::string_view what) override { world_.trace(what); }
  [[nodiscard]] std::uint64_t trace_hash() const override { return world_.trace_hash(); }

 private:
  static Task<void> note_end(Task<void> task, bool& ended) {
    co_await std::move(task);
    ended = true;
  }
  void destroy_tasks() {
    for (const auto& reactor : reactors_) {
      reactor->destroy_tasks();
    }
  }

  SimWorld world_;
  SimNetwork network_;
  SimFiles files_;
  std::vector<std::unique_ptr<SimReactor>> reactors_;
};

}  // namespace

std::unique_ptr<Simulation> Simulation::create(const SimulationSettings& settings) {
  return std::make_unique<SimulationImpl>(settings);
}

}  // namespace postrider::engine
