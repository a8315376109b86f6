#pragma once

#include <coroutine>
#include <cstdint>
#include <deque>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <postrider/engine/simulation.hpp>

namespace postrider::engine {

// What a step was; part of the trace.
enum class SimStep : std::uint8_t {
  resume = 1,
  deferred,
  posted,
  timer,
  segment,
  reset,
  connect,
  datagram,
  offload,
  disk,
  traced,
};

// The clock, what is runnable, what is due, and the trace of one simulation.
class SimWorld {
 public:
  explicit SimWorld(const SimulationSettings& settings);
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;
  ~SimWorld() { close(); }

  [[nodiscard]] MonoTime now() const { return now_; }
  [[nodiscard]] WallTime wall_now() const { return start_ + (now_ - origin); }
  void set_wall_clock(Duration forward) { start_ += forward; }
  // Draws for everything but the rooms' own randomness.
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] Duration between(Duration low, Duration high);
  [[nodiscard]] bool chance(double probability);

  void schedule(CoreId core, std::coroutine_handle<> handle);
  void defer(CoreId core, SimStep kind, Work work);

  using EventId = std::pair<MonoTime, std::uint64_t>;
  EventId at(MonoTime when, CoreId core, SimStep kind, Work work);
  EventId after(Duration delay, CoreId core, SimStep kind, Work work) {
    return at(now_ + delay, core, kind, std::move(work));
  }
  void cancel(const EventId& id);

  // Runs one thing; false if nothing is runnable and nothing is due until `limit`.
  bool step(MonoTime limit);
  void advance_to(MonoTime time) { now_ = std::max(now_, time); }

  void trace(SimStep kind, CoreId core, std::uint64_t detail);
  void trace(std::string_view what);
  [[nodiscard]] std::uint64_t trace_hash() const { return hash_; }
  [[nodiscard]] std::uint64_t steps(CoreId core) const { return steps_[core]; }

  // Forgets what is runnable and the jobs of the simulated disk and pool.
  void forget_work();
  // Nothing is accepted any more.
  void close();

 private:
  static constexpr MonoTime origin{std::chrono::hours(1)};
  struct Runnable {
    SimStep kind;
    std::coroutine_handle<> handle;
    Work work;
  };
  struct Timed {
    CoreId core;
    SimStep kind;
    Work work;
  };
  void push(CoreId core, Runnable runnable);
  void mix(std::uint64_t value);

  MonoTime now_ = origin;
  WallTime start_;
  SeededRandom random_;
  std::vector<std::deque<Runnable>> ready_;
  std::size_t ready_count_ = 0;
  std::map<EventId, Timed> timed_;
  std::uint64_t sequence_ = 0;
  std::uint64_t hash_ = 0xcbf29ce484222325;
  std::vector<std::uint64_t> steps_;
  bool closed_ = false;
};

}  // namespace postrider::engine
