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

  std::deque<std::unique_ptr<Request>> pending;
  Requests arrived;
  while (true) {
    if (pending.empty()) {
      queue_.wait(clock_time(committer_.sync_due()));
    }
    const bool was_closed = queue_.is_closed();
    queue_.take(arrived);
    std::move(arrived.begin(), arrived.end(), std::back_inserter(pending));
    arrived.clear();
    if (!pending.empty()) {
      run_group(pending);
    } else if (was_closed) {
      break;
    } else if (const auto due = committer_.sync_due(); due && mono_now() >= *due) {
      committer_.sync_rest();
    }
  }
  kill_point("store.close.before_sync");
  committer_.sync_rest();
  kill_point("store.close.synced");
}

void CommitterThread::run_group(std::deque<std::unique_ptr<Request>>& pending) {
  kill_point("store.group.gather");
  Committer::Group group = committer_.gather(pending, mono_now());
  const StoreResult<void> written = committer_.write(group, group.sync);
  committer_.finish(group, written, mono_now());
  answer(std::move(group.requests));
}

void CommitterThread::answer(Requests requests) {
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
