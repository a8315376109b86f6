#include "ring_reactor.hpp"

#include "offload_pool.hpp"
#include "wait.hpp"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <utility>

namespace postrider::engine {
namespace {

constexpr Duration tick = std::chrono::microseconds(100);
constexpr Duration tear_down_step = std::chrono::milliseconds(10);
// What a teardown waits for the kernel: cancelled operations end at once, a disk may take a moment.
constexpr Duration tear_down_patience = std::chrono::seconds(2);

MonoTime read_clock() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return MonoTime(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

std::uint64_t tick_before(MonoTime time) {
  return static_cast<std::uint64_t>(std::max(time.time_since_epoch(), Duration::zero()) / tick);
}

// Never early.
std::uint64_t tick_after(MonoTime time) {
  const Duration since = std::max(time.time_since_epoch(), Duration::zero());
  return static_cast<std::uint64_t>(since / tick) + (since % tick == Duration::zero() ? 0 : 1);
}

class RingTimer final : public Timer, private TimerWheel::Node {
 public:
  RingTimer(RingReactor& reactor, TimerWheel& wheel, Work on_due)
      : reactor_(reactor), wheel_(wheel), on_due_(std::make_shared<Work>(std::move(on_due))) {}
  void arm(MonoTime when) override {
    disarm();
    if (when != mono_never) {
      reactor_.arm(*this, when);
    }
  }
  void disarm() override { wheel_.remove(*this); }

 private:
  void on_due() override {
    const auto keep = on_due_;
    (*keep)();
  }
  RingReactor& reactor_;
  TimerWheel& wheel_;
  std::shared_ptr<Work> on_due_;  // shared: the callback may destroy its timer
};

}  // namespace

RingReactor::RingReactor(CoreId core, std::unique_ptr<Ring> ring, OffloadPool& pool,
                         std::uint64_t offload_places)
    : core_(core),
      pool_(pool),
      now_(read_clock()),
      wake_fd_(eventfd(0, EFD_CLOEXEC)),
      wheel_(tick_before(now_)),
      offload_places_(*this, offload_places),
      ring_(std::move(ring)) {
  if (wake_fd_ < 0) {
    throw std::runtime_error("no file descriptor left for a reactor: raise LimitNOFILE");
  }
}

RingReactor::~RingReactor() {
  ring_.reset();
  close(wake_fd_);
}

WallTime RingReactor::wall_now() const {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return WallTime(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

void RingReactor::spawn(Task<void> task) {
  schedule(tasks_.add(std::move(task)));
}

void RingReactor::schedule(std::coroutine_handle<> handle) {
  ready_.push_back({handle, {}});
}

void RingReactor::defer(Work work) {
  ready_.push_back({{}, std::move(work)});
}

std::unique_ptr<Timer> RingReactor::make_timer(Work on_due) {
  return std::make_unique<RingTimer>(*this, wheel_, std::move(on_due));
}

void RingReactor::arm(TimerWheel::Node& node, MonoTime when) {
  wheel_.insert(node, tick_after(when));
}

Task<WaitEnd> RingReactor::sleep(Until until) {
  PlainWait wait(*this, until);
  const Wait::End end = co_await wait;
  co_await NextTurn{*this};  // a sleep that is over at once still lets others go first
  co_return end == Wait::End::cancelled ? WaitEnd::cancelled : WaitEnd::elapsed;
}

Task<IoResult<void>> RingReactor::offload(Work work, Until until) {
  const auto place = co_await offload_places_.acquire(1, until);
  if (!place) {
    co_return failure(place.error());
  }
  struct Await {
    OffloadPool& pool;
    OffloadPool::Job& job;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) const {
      job.waiting = handle;
      pool.submit(job);
    }
    void await_resume() const noexcept {}
  };
  OffloadPool::Job job(*this, std::move(work));
  ++jobs_outside_;
  co_await Await{pool_, job};
  co_return IoResult<void>{};
}

Reactor::Counters RingReactor::counters() const {
  return {.turns = turns_,
          .completions = ring_->completions(),
          .system_calls = ring_->system_calls(),
          .tasks_alive = tasks_.size()};
}

int RingReactor::begin() {
  const int error = ring_->enable();
  if (error == 0) {
    ring_->read(wake_op_, wake_fd_, &wake_op_.count, sizeof wake_op_.count);
  }
  return error;
}

void RingReactor::WakeOp::on_completion(const Completion&) {
  if (!reactor.draining_) {
    reactor.ring_->read(*this, reactor.wake_fd_, &count, sizeof count);
  }
}

void RingReactor::turn(std::optional<Duration> at_most) {
  ++turns_;
  flush_posts();
  std::optional<Duration> wait = Duration::zero();
  if (ready_.empty()) {
    wait = time_to_next_timer();
    if (at_most) {
      wait = std::min(wait.value_or(*at_most), *at_most);
    }
    // Announce the sleep, then look once more: a producer pushes first and asks afterwards.
    sleeping_.store(true, std::memory_order_seq_cst);
    if (!inbox_.is_empty()) {
      wait = Duration::zero();
    }
  }
  ring_->turn(wait);
  sleeping_.store(false, std::memory_order_seq_cst);
  update_clock();
  drain_inbox();
  wheel_.advance(tick_before(now_));
  run_ready();
}

void RingReactor::update_clock() {
  now_ = read_clock();
}

std::optional<Duration> RingReactor::time_to_next_timer() const {
  const auto next = wheel_.next();
  if (!next) {
    return std::nullopt;
  }
  const MonoTime when{tick * static_cast<std::int64_t>(*next)};
  return std::max(when - read_clock(), Duration::zero());
}

// What is made runnable meanwhile waits for the next turn, so that the kernel is looked after.
void RingReactor::run_ready() {
  running_.swap(ready_);
  for (Runnable& runnable : running_) {
    if (runnable.handle) {
      runnable.handle.resume();
    } else {
      runnable.work();
    }
  }
  running_.clear();
}

void RingReactor::drain_inbox() {
  InboxItem* item = inbox_.take_all();
  while (item != nullptr) {
    std::exchange(item, item->next)->run();
  }
}

void RingReactor::post_to(RingReactor& target, Work work) {
  if (&target == this) {
    defer(std::move(work));
    return;
  }
  for (auto& [reactor, works] : posts_) {
    if (reactor == &target) {
      works.push_back(std::move(work));
      return;
    }
  }
  posts_.emplace_back(&target, std::vector<Work>());
  posts_.back().second.push_back(std::move(work));
}

void RingReactor::flush_posts() {
  for (auto& [target, works] : posts_) {
    if (!works.empty()) {
      target->inbox_.push(*new WorkBatch(std::exchange(works, {})));  // deletes itself
      if (target->sleeping_.exchange(false, std::memory_order_seq_cst)) {
        ring_->notify(target->wake_fd_);  // goes with this turn's system call
      }
    }
  }
}

void RingReactor::deliver(InboxItem& item) {
  inbox_.push(item);
  if (sleeping_.exchange(false, std::memory_order_seq_cst)) {
    wake();
  }
}

void RingReactor::wake() {
  const std::uint64_t one = 1;
  // It can only fail when the counter is full, and then a wake-up is under way.
  [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
}

void RingReactor::tear_down() {
  flush_posts();
  draining_ = true;
  // Twice: what the tasks own may leave a last operation behind when it is destroyed.
  for (int round = 0; round < 2; ++round) {
    ring_->cancel_all();
    const MonoTime limit = read_clock() + tear_down_patience;
    do {
      ring_->turn(ring_->in_flight() + jobs_outside_ == 0 ? Duration::zero() : tear_down_step);
      drain_inbox();
    } while (ring_->in_flight() + jobs_outside_ > 0 && read_clock() < limit);
    ready_.clear();
    forget_heavy_steps();
    if (ring_->in_flight() + jobs_outside_ > 0) {
      tasks_.abandon();
    }
    tasks_.destroy_all();
    ready_.clear();
  }
}

void RingReactor::close_descriptor(int fd) {
  if (draining_) {
    close(fd);
  } else {
    ring_->close(fd);
  }
}

}  // namespace postrider::engine
