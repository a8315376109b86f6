#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <postrider/engine/reactor.hpp>

namespace postrider::engine {

struct SimulationSettings {
  std::uint64_t seed = 1;
  CoreId cores = 1;
  WallTime start = from_unix_millis(1'767'225'600'000);  // 2026-01-01
};

// Faults that a test sets on a simulated network; each is drawn from the seed.
struct NetworkFaults {
  Duration latency_min{std::chrono::microseconds(50)};
  Duration latency_max{std::chrono::microseconds(500)};
  double reset_per_send = 0;  // chance that a send breaks the connection
  double stall_per_send = 0;  // chance that a send is never delivered (the peer waits for ever)
  double refuse_per_connect = 0;
  double datagram_loss = 0;
  std::size_t max_segment = 1460;  // receives see at most this many octets, cut at random points
};

// One thread, a virtual clock, a network in memory: time jumps to the next timer when nothing is
// runnable. One seed gives one trace: trace_hash() covers each event's time, core and kind, and
// what rooms add by trace(). Streams, timers and what else was made by its reactors are destroyed
// before it.
class Simulation : public Cores {
 public:
  [[nodiscard]] static std::unique_ptr<Simulation> create(const SimulationSettings& settings);

  virtual NetworkFaults& faults() = 0;
  // Hosts reached by address: 'down' refuses, 'unreachable' never answers (connects time out).
  enum class HostState : std::uint8_t { up, down, unreachable };
  virtual void set_host(const IpAddress& address, HostState state) = 0;

  // Runs until nothing is runnable and no timer is armed, or until the virtual time is reached.
  virtual void run_until_idle() = 0;
  virtual void run_until(MonoTime time) = 0;
  virtual void run_for(Duration duration) = 0;
  // Runs `task` to its end on core 0 (assertion if the simulation goes idle before).
  virtual void run(Task<void> task) = 0;

  // Somebody sets the wall clock, forward or back; time as such goes on as it did.
  virtual void set_wall_clock(Duration forward) = 0;

  // A job whose result arrives after `delay` of virtual time on `core`: how a simulated disk
  // answers.
  virtual void post_after(Duration delay, CoreId core, Work work) = 0;

  // Destroys all tasks, without resuming them, and forgets what is runnable or on its way to the
  // disk: what a crash does. Objects that tasks hold references to (gates, semaphores) may be
  // destroyed only after this or after the tasks' end. The peers' streams see an end.
  virtual void kill_tasks() = 0;

  // What a file opened by open_append holds; written by append, so also what was not synced.
  [[nodiscard]] virtual std::string_view file_content(const std::string& path) const = 0;

  virtual void trace(std::string_view what) = 0;
  [[nodiscard]] virtual std::uint64_t trace_hash() const = 0;
};

}  // namespace postrider::engine
