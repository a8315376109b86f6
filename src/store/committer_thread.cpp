#include "committer_thread.hpp"

#include <iterator>
#include <pthread.h>
#include <signal.h>
#include <utility>

#include <postrider/base/kill_point.hpp>

namespace postrider::store {
namespace {

MonoTime mono_now() {
  return MonoTime(RequestQueue::Clock::now().time_since_epoch());
}

std::optional<RequestQueue::Clock::time_point> clock_time(std::optional<MonoTime> time) {
  if (!time) {
    return std::nullopt;
  }
  return RequestQueue::Clock::time_point(time->time_since_epoch());
}

// What a core may write itself: it does nothing else meanwhile. Changes of mailboxes are not among
// it: they may have to read from the disk first.
bool is_little(const Requests& requests) {
  constexpr std::size_t requests_max = 4;
  constexpr std::uint64_t bytes_max = 64 * 1024;
  std::uint64_t bytes = 0;
  for (const auto& request : requests) {
    if (std::holds_alternative<MailWork>(request->work) ||
        std::holds_alternative<AbandonWork>(request->work)) {
      return false;
    }
    bytes += request->bytes;
  }
  return requests.size() <= requests_max && bytes <= bytes_max;
}

}  // namespace

void CommitterThread::start(engine::Cores& cores, std::vector<std::shared_ptr<CorePort>> ports) {
  ports_ = std::move(ports);
  for (CoreId core = 0; core < cores.count(); ++core) {
    inlets_.push_back(cores.open_inlet(core));
  }
  thread_ = std::thread([this] { run(); });
}

void CommitterThread::close() {
  queue_.close();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void CommitterThread::run() {
  pthread_setname_np(pthread_self(), "committer");
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals are core 0's

  Requests arrived;
  std::optional<MonoTime> due;
  while (true) {
    if (pending_.empty()) {
      queue_.wait(clock_time(due));
    }
    std::unique_lock writing(writing_);
    const bool was_closed = queue_.is_closed();
    queue_.take(arrived);
    std::move(arrived.begin(), arrived.end(), std::back_inserter(pending_));
    arrived.clear();
    Requests done;
    if (!pending_.empty()) {
      done = run_group(pending_);
    } else if (was_closed) {
      break;
    } else if (const auto late = committer_.sync_due(); late && mono_now() >= *late) {
      committer_.sync_rest();
    }
    due = committer_.sync_due();
    knows_rest_ = due.has_value();
    writing.unlock();
    answer(std::move(done));
  }
  const std::lock_guard writing(writing_);
  kill_point("store.close.before_sync");
  committer_.sync_rest();
  kill_point("store.close.synced");
}

bool CommitterThread::write_here(Requests& requests) {
  if (!is_little(requests)) {
    return false;
  }
  const std::unique_lock writing(writing_, std::try_to_lock);
  if (!writing || !pace_.is_quick() || !pending_.empty() || !queue_.is_idle()) {
    return false;
  }
  Pending pending(std::make_move_iterator(requests.begin()),
                  std::make_move_iterator(requests.end()));
  requests.clear();
  while (!pending.empty()) {
    Requests done = run_group(pending);
    std::move(done.begin(), done.end(), std::back_inserter(requests));
  }
  if (!knows_rest_ && committer_.sync_due()) {
    knows_rest_ = true;
    queue_.remind();
  }
  return true;
}

Requests CommitterThread::run_group(Pending& pending) {
  kill_point("store.group.gather");
  const MonoTime began = mono_now();
  Committer::Group group = committer_.gather(pending, began);
  const StoreResult<void> written = committer_.write(group, group.sync);
  const MonoTime ended = mono_now();
  if (group.sync) {
    pace_.note(ended - began);
  }
  committer_.finish(group, written, ended);
  return std::move(group.requests);
}

void CommitterThread::answer(Requests requests) {
  if (requests.empty()) {
    return;
  }
  kill_point("store.group.before_answer");
  std::vector<Requests> by_core(ports_.size());
  for (auto& request : requests) {
    by_core[request->core].push_back(std::move(request));
  }
  for (std::size_t core = 0; core < by_core.size(); ++core) {
    if (by_core[core].empty()) {
      continue;
    }
    inlets_[core]->post([port = ports_[core], done = std::move(by_core[core])]() mutable {
      port->on_done(std::move(done));
    });
    inlets_[core]->flush();
  }
  kill_point("store.group.answered");
}

}  // namespace postrider::store
