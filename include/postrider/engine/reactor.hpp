#pragma once

#include <coroutine>
#include <deque>
#include <functional>
#include <memory>

#include <postrider/base/ids.hpp>
#include <postrider/base/random.hpp>
#include <postrider/base/time.hpp>
#include <postrider/engine/append_file.hpp>
#include <postrider/engine/cancel.hpp>
#include <postrider/engine/io_error.hpp>
#include <postrider/engine/stream.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::engine {

// Work that crosses threads carries values only.
using Work = std::move_only_function<void()>;

// A timer that its owner arms and disarms; the callback runs on the reactor's turn at or after
// `when` (resolution 0.1 ms in the real reactor, exact in the simulated one). Destruction disarms.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer() = default;
  virtual void arm(MonoTime when) = 0;  // again: moves it
  virtual void disarm() = 0;
};

enum class WaitEnd : std::uint8_t { elapsed, cancelled };

// One core: clock, timers, network, randomness and the coroutines that live there. Everything that
// a room may know of the outside world comes through this door, so that the simulated reactor can
// stand in. Shard: its own thread only, but for what says otherwise.
class Reactor {
 public:
  Reactor() = default;
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;
  virtual ~Reactor() = default;

  [[nodiscard]] virtual CoreId core() const = 0;
  [[nodiscard]] virtual MonoTime now() const = 0;  // of this turn
  [[nodiscard]] virtual WallTime wall_now() const = 0;
  [[nodiscard]] virtual Random& random() = 0;

  // Starts `task` on the next turn and keeps it until it ends.
  virtual void spawn(Task<void> task) = 0;
  // Resumes a suspended coroutine on the next turn, in order of scheduling.
  virtual void schedule(std::coroutine_handle<> handle) = 0;
  // Runs `work` on this core's next turn. Callable on this core only; see Cores::post for others.
  virtual void defer(Work work) = 0;

  [[nodiscard]] virtual std::unique_ptr<Timer> make_timer(Work on_due) = 0;
  // Waits until the deadline or the cancel.
  virtual Task<WaitEnd> sleep(Until until) = 0;
  Task<WaitEnd> sleep_for(Duration duration, CancelToken cancel = {}) {
    return sleep(Until{now() + duration, cancel});
  }

  virtual Task<IoResult<std::unique_ptr<Stream>>> connect(ConnectOptions options, Until until) = 0;
  virtual IoResult<std::unique_ptr<Listener>> listen(const ListenOptions& options) = 0;
  virtual IoResult<std::unique_ptr<Listener>> listen_unix(const UnixListenOptions& options) = 0;
  virtual Task<IoResult<std::unique_ptr<Stream>>> connect_unix(std::string path, Until until) = 0;
  virtual IoResult<std::unique_ptr<DatagramSocket>> open_datagram(
      const DatagramOptions& options) = 0;

  // Blocks for the open itself: at start and at log rotation only. Errors: denied, resource, other.
  virtual IoResult<std::unique_ptr<AppendFile>> open_append(const AppendFileOptions& options) = 0;

  // Runs `work` on the offload pool (bounded; waits for a place) and resumes on this core when it
  // has ended. For work that blocks or burns: password hashes, reads that miss the cache. Errors:
  // cancelled and timed_out while it waits for a place only; once begun it is awaited.
  virtual Task<IoResult<void>> offload(Work work, Until until) = 0;

  // Waits for a turn of its own among the heavy steps: one of them a turn, first come first served,
  // so that a flood of work that burns up to a millisecond a piece (TLS handshakes) does not delay
  // who only has a line to answer. What the caller does before it suspends next is the step. Cost:
  // one turn.
  [[nodiscard]] auto heavy_step() { return HeavyStep{*this}; }

  struct Counters {
    std::uint64_t turns = 0;
    std::uint64_t completions = 0;
    std::uint64_t system_calls = 0;
    std::uint64_t tasks_alive = 0;
  };
  [[nodiscard]] virtual Counters counters() const = 0;

 protected:
  // For a back end that destroys its tasks.
  void forget_heavy_steps() { heavy_waiting_.clear(); }

 private:
  struct HeavyStep {
    Reactor& reactor;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
      reactor.heavy_waiting_.push_back(waiting);
      if (reactor.heavy_waiting_.size() == 1) {
        reactor.defer([&on = reactor] { on.run_heavy_step(); });
      }
    }
    void await_resume() const noexcept {}
  };
  void run_heavy_step() {
    const std::coroutine_handle<> next = heavy_waiting_.front();
    heavy_waiting_.pop_front();
    if (!heavy_waiting_.empty()) {
      defer([this] { run_heavy_step(); });
    }
    next.resume();
  }
  std::deque<std::coroutine_handle<>> heavy_waiting_;
};

// Values into one reactor from one thread that has none (the committer, a log writer).
class Inlet {
 public:
  virtual ~Inlet() = default;
  // Runs `work` on the target's thread, in order. Wakes it at flush(), so that a group costs one
  // wake-up.
  virtual void post(Work work) = 0;
  virtual void flush() = 0;
};

// All reactors of the process.
class Cores {
 public:
  virtual ~Cores() = default;
  [[nodiscard]] virtual CoreId count() const = 0;
  [[nodiscard]] virtual Reactor& reactor(CoreId core) = 0;
  // From a core (the calling one) to another or itself, in order. What one turn posts is handed
  // over in one batch at its end, with at most one wake-up a target. Never blocks.
  virtual void post(Reactor& from, CoreId to, Work work) = 0;
  // Any thread, once per producing thread and target.
  [[nodiscard]] virtual std::unique_ptr<Inlet> open_inlet(CoreId to) = 0;
};

}  // namespace postrider::engine
