#pragma once

#include "inbox.hpp"
#include "ring.hpp"
#include "task_set.hpp"
#include "timer_wheel.hpp"

#include <atomic>
#include <memory>
#include <vector>

#include <postrider/engine/real.hpp>
#include <postrider/engine/sync.hpp>

namespace postrider::engine {

class OffloadPool;
class RingAcceptor;

// One core of the real engine: its ring, its timers, its tasks. Made by any thread, then used by
// the one that runs it.
class RingReactor final : public Reactor {
 public:
  RingReactor(CoreId core, std::unique_ptr<Ring> ring, OffloadPool& pool,
              std::uint64_t offload_places);
  ~RingReactor() override;

  [[nodiscard]] CoreId core() const override { return core_; }
  [[nodiscard]] MonoTime now() const override { return now_; }
  [[nodiscard]] WallTime wall_now() const override;
  [[nodiscard]] Random& random() override { return random_; }

  void spawn(Task<void> task) override;
  void schedule(std::coroutine_handle<> handle) override;
  void defer(Work work) override;

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

  // For what lives in this reactor.
  [[nodiscard]] Ring& ring() { return *ring_; }
  // No operation may be started any more: what completes only cleans up.
  [[nodiscard]] bool is_draining() const { return draining_; }
  void arm(TimerWheel::Node& node, MonoTime when);
  void close_descriptor(int fd);
  // The acceptor that has let go of its path. Out: whether another holds the same.
  bool forget_path(RingAcceptor& acceptor);
  // Connections whose stream is gone and which wait for their peer's end.
  void note_lingering(int change) { lingering_ += change; }
  [[nodiscard]] bool has_lingering() const { return lingering_ > 0; }
  void note_job_back() { --jobs_outside_; }

  // For the engine. begin() and all after it on the reactor's thread.
  [[nodiscard]] int begin();
  void turn(std::optional<Duration> at_most);
  [[nodiscard]] bool is_idle() const { return tasks_.size() == 0 && ready_.empty(); }
  // Cancels what is in the kernel, waits for it, and destroys the tasks.
  void tear_down();
  void post_to(RingReactor& target, Work work);
  // Any thread: wakes the reactor if it sleeps.
  void deliver(InboxItem& item);
  void wake();

 private:
  struct Runnable {
    std::coroutine_handle<> handle;
    Work work;
  };
  struct WakeOp final : RingOp {
    explicit WakeOp(RingReactor& owner) : reactor(owner) {}
    void on_completion(const Completion& completion) override;
    RingReactor& reactor;
    std::uint64_t count = 0;
  };
  void flush_posts();
  void drain_inbox();
  void run_ready();
  void update_clock();
  [[nodiscard]] std::optional<Duration> time_to_next_timer() const;

  CoreId core_;
  OffloadPool& pool_;
  SystemRandom random_;
  MonoTime now_;
  int wake_fd_;
  TimerWheel wheel_;
  std::vector<Runnable> ready_;
  std::vector<Runnable> running_;
  // Producers of other threads write these two.
  alignas(64) Inbox inbox_;
  std::atomic<bool> sleeping_{false};
  alignas(64) std::uint64_t turns_ = 0;
  std::vector<std::pair<RingReactor*, std::vector<Work>>> posts_;
  bool draining_ = false;
  int lingering_ = 0;
  std::vector<RingAcceptor*> unix_acceptors_;  // that hold a path
  std::size_t jobs_outside_ = 0;               // in the offload pool
  WakeOp wake_op_{*this};
  // The ring goes first: it may still know the memory of all the rest.
  TaskSet tasks_;
  Semaphore offload_places_;
  std::unique_ptr<Ring> ring_;
};

}  // namespace postrider::engine
