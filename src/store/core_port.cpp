#include "core_port.hpp"

#include <utility>

#include <postrider/base/kill_point.hpp>

namespace postrider::store {
namespace {

bool can_wait(const Request& request) {
  const auto* settle = std::get_if<SettleWork>(&request.work);
  return settle != nullptr && !settle->report;
}

}  // namespace

// Suspends until on_done() has set the answer; not at all if the door is closed.
struct CorePort::Wait {
  CorePort& port;
  std::unique_ptr<Request> request;
  Reply reply{};

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) {
    reply.waiting = waiting;
    request->reply = &reply;
    if (port.send(request)) {
      return true;
    }
    reply.result = failure(StoreError::closed);
    return false;
  }
  [[nodiscard]] StoreResult<void> await_resume() const { return reply.result; }
};

engine::Task<StoreResult<engine::Semaphore::Permit>> CorePort::reserve(
    std::shared_ptr<CorePort> port, std::uint64_t bytes) {
  const std::uint64_t units = std::min(bytes, port->share_bytes_);
  engine::Semaphore::Permit permit = port->share_.try_acquire(units);
  if (permit.units() == 0 && units > 0) {
    // No deadline: the committer works off what is before us, or fails it all. The caller's
    // octets are in memory already, so waiting costs nothing more.
    auto acquired = co_await port->share_.acquire(units, engine::Until{});
    if (!acquired) {
      co_return failure(StoreError::closed);
    }
    permit = *std::move(acquired);
  }
  co_return permit;
}

engine::Task<StoreResult<void>> CorePort::submit(std::shared_ptr<CorePort> port,
                                                 std::unique_ptr<Request> request) {
  StoreResult<engine::Semaphore::Permit> permit;
  if (request->bytes > 0) {
    permit = co_await reserve(port, request->bytes);
    if (!permit) {
      co_return failure(permit.error());
    }
  }
  co_return co_await Wait{*port, std::move(request)};
}

void CorePort::submit_unawaited(std::unique_ptr<Request> request) {
  (void)send(request);  // once closed, the next start finds what is left to do
}

bool CorePort::send(std::unique_ptr<Request>& request) {
  if (door_ == nullptr) {
    return false;
  }
  request->core = reactor_.core();
  const bool is_patient = can_wait(*request);
  outbox_.push_back(std::move(request));
  if (is_flush_due_) {
    return true;
  }
  if (!is_patient) {
    is_flush_due_ = true;
    reactor_.defer([weak = weak_from_this()] {
      if (const auto self = weak.lock()) {
        self->flush();
      }
    });
  } else if (!std::exchange(is_patience_armed_, true)) {
    if (patience_ == nullptr) {
      patience_ = reactor_.make_timer([this] { flush(); });
    }
    patience_->arm(reactor_.now() + settle_patience);
  }
  return true;
}

void CorePort::flush() {
  is_flush_due_ = false;
  if (std::exchange(is_patience_armed_, false)) {
    patience_->disarm();
  }
  Requests requests = std::exchange(outbox_, {});
  if (door_ != nullptr && door_->write_here(requests)) {
    on_done(std::move(requests));
    return;
  }
  for (std::unique_ptr<Request>& request : requests) {
    if (door_ != nullptr && door_->submit(request)) {
      continue;
    }
    if (Reply* reply = request->reply; reply != nullptr) {
      reply->result = failure(StoreError::closed);
      reactor_.schedule(reply->waiting);
    }
  }
}

void CorePort::on_done(Requests requests) {
  for (const auto& request : requests) {
    if (request->result) {
      tell_feed(*request);
    }
    if (request->set_aside && feed_ != nullptr &&
        (request->result || request->result.error() == StoreError::corrupt)) {
      feed_->on_set_aside(*request->set_aside);
    }
    if (Reply* reply = request->reply; reply != nullptr) {
      reply->result = request->result;
      reactor_.schedule(reply->waiting);
    }
  }
}

void CorePort::tell_feed(const Request& request) {
  const CommitWork* commit = std::get_if<CommitWork>(&request.work);
  const auto* settle = std::get_if<SettleWork>(&request.work);
  if (const auto* mail = std::get_if<MailWork>(&request.work); mail != nullptr && mail->settle) {
    settle = &*mail->settle;
  }
  if (settle != nullptr && settle->report && !settle->is_void) {
    commit = &*settle->report;
  }
  if (commit == nullptr) {
    return;
  }
  kill_point("store.feed.before_tell");
  if (feed_ != nullptr) {
    feed_->on_committed({commit->envelope, commit->octets, !commit->begun.empty()});
  }
  kill_point("store.feed.told");
}

}  // namespace postrider::store
