#include "committer_simulated.hpp"

#include <iterator>
#include <utility>

namespace postrider::store {

void CommitterSimulated::start(std::vector<std::shared_ptr<CorePort>> ports) {
  ports_ = std::move(ports);
  for (CoreId core = 0; core < simulation_.count(); ++core) {
    inlets_.push_back(simulation_.open_inlet(core));
  }
}

bool CommitterSimulated::submit(std::unique_ptr<Request>& request) {
  if (closed_) {
    return false;
  }
  pending_.push_back(std::move(request));
  wake();
  return true;
}

bool CommitterSimulated::write_here(Requests& requests) {
  if (closed_ || busy_ || !pending_.empty() || !disk_->faults.cores_write) {
    return false;
  }
  std::deque<std::unique_ptr<Request>> pending(std::make_move_iterator(requests.begin()),
                                               std::make_move_iterator(requests.end()));
  requests.clear();
  while (!pending.empty()) {
    Committer::Group group = committer_.gather(pending, now());
    StoreResult<void> written = committer_.write(group, false);
    if (written && group.sync) {
      written = kv_.sync();
    }
    committer_.finish(group, written, now());
    std::move(group.requests.begin(), group.requests.end(), std::back_inserter(requests));
  }
  arm_sync();
  return true;
}

void CommitterSimulated::wake() {
  if (!busy_) {
    busy_ = true;
    after(Duration::zero(), &CommitterSimulated::begin_group);
  }
}

void CommitterSimulated::after(Duration delay, void (CommitterSimulated::*step)()) {
  simulation_.post_after(delay, 0, [weak = std::weak_ptr(alive_), step] {
    if (const auto alive = weak.lock()) {
      ((*alive)->*step)();
    }
  });
}

void CommitterSimulated::begin_group() {
  if (group_ || pending_.empty()) {
    return;  // close() was faster
  }
  group_ = std::make_unique<Committer::Group>(committer_.gather(pending_, now()));
  written_ = committer_.write(*group_, false);
  after(group_->sync ? disk_->faults.sync_latency : Duration::zero(),
        &CommitterSimulated::end_group);
}

void CommitterSimulated::end_group() {
  if (!group_) {
    return;  // close() was faster
  }
  const auto group = std::exchange(group_, nullptr);
  if (written_ && group->sync) {
    written_ = kv_.sync();
  }
  committer_.finish(*group, written_, now());
  answer(std::move(group->requests));
  busy_ = false;
  if (!pending_.empty()) {
    wake();
  } else {
    arm_sync();
  }
}

void CommitterSimulated::arm_sync() {
  const auto due = committer_.sync_due();
  if (!due || std::exchange(sync_armed_, true)) {
    return;
  }
  simulation_.post_after(*due - now(), 0, [weak = std::weak_ptr(alive_)] {
    const auto alive = weak.lock();
    if (!alive) {
      return;
    }
    CommitterSimulated& self = **alive;
    self.sync_armed_ = false;
    if (const auto late = self.committer_.sync_due(); late && *late <= self.now()) {
      self.committer_.sync_rest();
    } else {
      self.arm_sync();
    }
  });
}

void CommitterSimulated::answer(Requests requests) {
  std::vector<Requests> by_core(ports_.size());
  for (auto& request : requests) {
    by_core[request->core].push_back(std::move(request));
  }
  for (std::size_t core = 0; core < by_core.size(); ++core) {
    if (!by_core[core].empty()) {
      inlets_[core]->post([port = ports_[core], done = std::move(by_core[core])]() mutable {
        port->on_done(std::move(done));
      });
      inlets_[core]->flush();
    }
  }
}

void CommitterSimulated::close() {
  if (std::exchange(closed_, true)) {
    return;
  }
  while (group_ || !pending_.empty()) {
    if (!group_) {
      begin_group();
    }
    end_group();
  }
  committer_.sync_rest();
}

}  // namespace postrider::store
