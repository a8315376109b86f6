#pragma once

#include "sim_network.hpp"
#include "sim_world.hpp"
#include "task_set.hpp"

#include <map>
#include <memory>
#include <string>

namespace postrider::engine {

using SimFiles = std::map<std::string, std::string>;

// One core of a simulation.
class SimReactor final : public Reactor {
 public:
  SimReactor(SimWorld& world, SimNetwork& network, SimFiles& files, CoreId core,
             std::uint64_t seed);

  [[nodiscard]] CoreId core() const override { return core_; }
  [[nodiscard]] MonoTime now() const override { return world_.now(); }
  [[nodiscard]] WallTime wall_now() const override { return world_.wall_now(); }
  [[nodiscard]] Random& random() override { return random_; }

  void spawn(Task<void> task) override;
  void schedule(std::coroutine_handle<> handle) override { world_.schedule(core_, handle); }
  void defer(Work work) override { world_.defer(core_, SimStep::deferred, std::move(work)); }

  [[nodiscard]] std::unique_ptr<Timer> make_timer(Work on_due) override;
  Task<WaitEnd> sleep(Until until) override;

  Task<IoResult<std::unique_ptr<Stream>>> connect(ConnectOptions options, Until until) override;
  IoResult<std::unique_ptr<Listener>> listen(const ListenOptions& options) override;
  IoResult<std::unique_ptr<Listener>> listen_unix(const UnixListenOptions& options) override;
  Task<IoResult<std::unique_ptr<Stream>>> connect_unix(std::string path, Until until) override;
  IoResult<std::unique_ptr<DatagramSocket>> open_datagram(const DatagramOptions& options) override;
  IoResult<std::unique_ptr<AppendFile>> open_append(const AppendFileOptions& options) override;
  Task<IoResult<void>> offload(Work work, Until until) override;

  [[nodiscard]] Counters counters() const override;

  void destroy_tasks() {
    forget_heavy_steps();
    tasks_.destroy_all();
  }

 private:
  SimWorld& world_;
  SimNetwork& network_;
  SimFiles& files_;
  CoreId core_;
  SeededRandom random_;
  TaskSet tasks_;
};

}  // namespace postrider::engine
