#include "sim_reactor.hpp"

#include <optional>

namespace postrider::engine {
namespace {

// What a pool's thread and a disk take, so that answers of two jobs may come in either order.
constexpr Duration job_min = std::chrono::microseconds(10);
constexpr Duration job_max = std::chrono::microseconds(200);

class SimTimer final : public Timer {
 public:
  SimTimer(SimWorld& world, CoreId core, Work on_due)
      : world_(world), core_(core), on_due_(std::make_shared<Work>(std::move(on_due))) {}
  ~SimTimer() override { disarm(); }
  void arm(MonoTime when) override {
    disarm();
    if (when != mono_never) {
      armed_ = world_.at(when, core_, SimStep::timer, [this] {
        armed_.reset();
        const auto keep = on_due_;
        (*keep)();
      });
    }
  }
  void disarm() override {
    if (const auto armed = std::exchange(armed_, std::nullopt)) {
      world_.cancel(*armed);
    }
  }

 private:
  SimWorld& world_;
  CoreId core_;
  std::optional<SimWorld::EventId> armed_;
  std::shared_ptr<Work> on_due_;  // shared: the callback may destroy its timer
};

// A delay that ends with the frame that waits for it.
class SimDelay {
 public:
  SimDelay(SimWorld& world, Reactor& reactor, SimStep kind)
      : world_(world), wait_(reactor, Until{}) {
    event_ = world.after(world.between(job_min, job_max), reactor.core(), kind,
                         [this] { wait_.finish(); });
  }
  SimDelay(const SimDelay&) = delete;
  SimDelay& operator=(const SimDelay&) = delete;
  ~SimDelay() { world_.cancel(event_); }
  PlainWait& wait() { return wait_; }

 private:
  SimWorld& world_;
  PlainWait wait_;
  SimWorld::EventId event_;
};

class SimAppendFile final : public AppendFile {
 public:
  SimAppendFile(SimWorld& world, Reactor& reactor, std::string& content)
      : world_(world),
        reactor_(reactor),
        content_(content),
        is_torn_(!content.empty() && content.back() != '\n') {}
  Task<IoResult<void>> append(std::string_view octets) override {
    SimDelay delay(world_, reactor_, SimStep::disk);
    (void)co_await delay.wait();  // it has neither deadline nor cancel
    if (is_torn_ && !octets.empty()) {
      content_ += '\n';
      is_torn_ = false;
    }
    content_ += octets;
    co_return IoResult<void>{};
  }
  Task<IoResult<void>> sync() override {
    SimDelay delay(world_, reactor_, SimStep::disk);
    (void)co_await delay.wait();  // it has neither deadline nor cancel
    co_return IoResult<void>{};
  }
  [[nodiscard]] std::uint64_t size() const override { return content_.size(); }

 private:
  SimWorld& world_;
  Reactor& reactor_;
  std::string& content_;
  bool is_torn_;
};

}  // namespace

SimReactor::SimReactor(SimWorld& world, SimNetwork& network, SimFiles& files, CoreId core,
                       std::uint64_t seed)
    : world_(world), network_(network), files_(files), core_(core), random_(seed) {}

void SimReactor::spawn(Task<void> task) {
  schedule(tasks_.add(std::move(task)));
}

std::unique_ptr<Timer> SimReactor::make_timer(Work on_due) {
  return std::make_unique<SimTimer>(world_, core_, std::move(on_due));
}

Task<WaitEnd> SimReactor::sleep(Until until) {
  PlainWait wait(*this, until);
  const Wait::End end = co_await wait;
  co_await NextTurn{*this};  // a sleep that is over at once still lets others go first
  co_return end == Wait::End::cancelled ? WaitEnd::cancelled : WaitEnd::elapsed;
}

Task<IoResult<std::unique_ptr<Stream>>> SimReactor::connect(ConnectOptions options, Until until) {
  return network_.connect(*this, options, until);
}

IoResult<std::unique_ptr<Listener>> SimReactor::listen(const ListenOptions& options) {
  return network_.listen(*this, options);
}

IoResult<std::unique_ptr<Listener>> SimReactor::listen_unix(const UnixListenOptions& options) {
  return network_.listen_unix(*this, options);
}

Task<IoResult<std::unique_ptr<Stream>>> SimReactor::connect_unix(std::string path, Until until) {
  return network_.connect_unix(*this, std::move(path), until);
}

IoResult<std::unique_ptr<DatagramSocket>> SimReactor::open_datagram(
    const DatagramOptions& options) {
  return network_.open_datagram(*this, options);
}

IoResult<std::unique_ptr<AppendFile>> SimReactor::open_append(const AppendFileOptions& options) {
  return std::make_unique<SimAppendFile>(world_, *this, files_[options.path]);
}

// Inline, but not at once: the coroutine must not see its result in the turn that asked.
Task<IoResult<void>> SimReactor::offload(Work work, Until until) {
  if (const auto ended = ended_before(*this, until)) {
    co_return failure(*ended);
  }
  SimDelay delay(world_, *this, SimStep::offload);
  (void)co_await delay.wait();  // it has neither deadline nor cancel
  work();
  co_return IoResult<void>{};
}

Reactor::Counters SimReactor::counters() const {
  return {.turns = world_.steps(core_),
          .completions = 0,
          .system_calls = 0,
          .tasks_alive = tasks_.size()};
}

}  // namespace postrider::engine
