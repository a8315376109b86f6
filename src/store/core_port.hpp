#pragma once

#include "committer.hpp"

#include <algorithm>
#include <memory>

#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/store/queue_store.hpp>

namespace postrider::store {

// One core's end of the way to the committer and back. Shared by the handles of the core, their
// pending calls and their staged messages, any of which may be the last to go when a simulation is
// killed. Shard: the core, but for construction and detach().
//
// What one turn submits goes to the committer together at the turn's end, so that it makes one
// group and costs one wake-up, or none where it is little and is written at once. A settlement,
// which nobody's reply depends on, waits for others to go with, for settle_patience at most.
class CorePort : public std::enable_shared_from_this<CorePort> {
 public:
  static constexpr Duration settle_patience = std::chrono::milliseconds(5);

  CorePort(engine::Reactor& reactor, CommitterDoor& door, std::uint64_t share_bytes)
      : reactor_(reactor),
        door_(&door),
        share_bytes_(std::max<std::uint64_t>(share_bytes, 1)),
        share_(reactor, share_bytes_) {}

  [[nodiscard]] engine::Reactor& reactor() const { return reactor_; }

  // Waits for a place in this core's share of what may be pending, then for the answer.
  [[nodiscard]] static engine::Task<StoreResult<void>> submit(std::shared_ptr<CorePort> port,
                                                              std::unique_ptr<Request> request);
  // In two steps, for who puts requests in an order: a place first, then, without a pause between
  // them, the sending. Errors of the first: closed.
  [[nodiscard]] static engine::Task<StoreResult<engine::Semaphore::Permit>> reserve(
      std::shared_ptr<CorePort> port, std::uint64_t bytes);
  // Sent when it is made; awaited before the coroutine suspends in any other way.
  class Sent;
  // Nobody waits for its answer. For what bounds itself.
  void submit_unawaited(std::unique_ptr<Request> request);

  // From the committer, on this core: tells the feed, then resumes who waits.
  void on_done(Requests requests);

  void set_feed(QueueFeed& feed) { feed_ = &feed; }
  [[nodiscard]] QueueFeed* feed() const { return feed_; }  // null: nobody listens
  // The store has gone: nothing is submitted any more.
  void detach() { door_ = nullptr; }

 private:
  struct Wait;
  [[nodiscard]] bool send(std::unique_ptr<Request>& request);
  void flush();
  void tell_feed(const Request& request);

  engine::Reactor& reactor_;
  CommitterDoor* door_;
  std::uint64_t share_bytes_;
  engine::Semaphore share_;
  QueueFeed* feed_ = nullptr;
  Requests outbox_;
  bool is_flush_due_ = false;  // at the end of this turn
  std::unique_ptr<engine::Timer> patience_;
  bool is_patience_armed_ = false;
};

class CorePort::Sent {
 public:
  Sent(CorePort& port, std::unique_ptr<Request> request) {
    request->reply = &reply_;
    is_sent_ = port.send(request);
    if (!is_sent_) {
      reply_.result = failure(StoreError::closed);
    }
  }
  Sent(const Sent&) = delete;
  Sent& operator=(const Sent&) = delete;
  [[nodiscard]] bool await_ready() const noexcept { return !is_sent_; }
  void await_suspend(std::coroutine_handle<> waiting) { reply_.waiting = waiting; }
  [[nodiscard]] StoreResult<void> await_resume() const { return reply_.result; }

 private:
  Reply reply_{};
  bool is_sent_ = false;
};

}  // namespace postrider::store
