#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <postrider/engine/reactor.hpp>

namespace postrider::engine {

struct EngineSettings {
  CoreId cores = 0;  // 0: one per CPU of the affinity mask
  bool pin = true;   // one thread a CPU
  std::uint32_t ring_entries = 1024;
  std::uint32_t receive_buffers = 1024;  // of receive_buffer_bytes each, per core
  std::uint32_t receive_buffer_bytes = 8192;
  std::uint32_t offload_threads = 2;
  std::uint32_t offload_queue = 1024;  // jobs that wait, over all cores
  Duration stop_patience{std::chrono::seconds(5)};
};

// What the kernel was found to lack, in words that an operator can act on.
struct KernelFinding {
  bool fatal = false;
  std::string problem;
  std::string remedy;
};
[[nodiscard]] std::vector<KernelFinding> probe_kernel();

// The io_uring engine: a reactor a core, each on a thread of its own but core 0, which runs on the
// thread that calls run().
class Engine : public Cores {
 public:
  // Throws std::runtime_error with problem and remedy if the machine can't run it.
  [[nodiscard]] static std::unique_ptr<Engine> create(const EngineSettings& settings);

  // Starts the other threads, runs `on_start` on every core (as that core's first task), and
  // returns when stop() was called and all reactors have ended.
  virtual void run(std::function<Task<void>(Reactor&)> on_start) = 0;
  // Any thread. The reactors end when their tasks have ended or stop_patience has
  // passed; what is pending then is cancelled and its tasks are destroyed.
  virtual void stop() = 0;

  // Next signal of those blocked for it (SIGHUP, SIGTERM, SIGINT, SIGUSR1); core 0 only.
  virtual Task<IoResult<int>> next_signal(Until until) = 0;
};

}  // namespace postrider::engine
