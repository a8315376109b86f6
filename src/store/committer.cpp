#include "committer.hpp"

#include <utility>

#include <postrider/base/kill_point.hpp>

namespace postrider::store {
namespace {

// How stale the knowledge of free space may be: time, and our own writing.
constexpr Duration space_check_interval = std::chrono::seconds(1);
constexpr std::uint64_t space_check_bytes = 16ULL << 20;

bool adds_load(const Request& request) {
  return std::holds_alternative<CommitWork>(request.work) ||
         std::holds_alternative<AppendWork>(request.work);
}

}  // namespace

Committer::Group Committer::gather(std::deque<std::unique_ptr<Request>>& pending, MonoTime now) {
  Group group{{}, GroupBuilder(kv_, recent_, limits_.group_bytes), false};
  std::uint64_t bytes = 0;
  while (!pending.empty() &&
         (bytes == 0 || bytes + pending.front()->bytes <= limits_.group_bytes)) {
    std::unique_ptr<Request> request = std::move(pending.front());
    pending.pop_front();
    bytes += request->bytes + 1;  // the 1: requests without a body count as well
    request->result = admit(*request, now);
    if (request->result) {
      request->result = group.builder.add(*request);
    } else if (const auto* commit = std::get_if<CommitWork>(&request->work);
               commit != nullptr && commit->has_stage && !status_.failed) {
      Request abandon{.work = AbandonWork{commit->envelope->id}};
      (void)group.builder.add(abandon);  // never refused
    }
    group.requests.push_back(std::move(request));
  }
  bytes_since_check_ += bytes;
  const bool is_late = unsynced_since_ && now - *unsynced_since_ >= sync_delay_max;
  group.sync = group.builder.needs_sync() || is_late;
  return group;
}

StoreResult<void> Committer::admit(const Request& request, MonoTime now) {
  if (status_.failed) {
    return failure(StoreError::io);
  }
  if (adds_load(request) && is_disk_low(now)) {
    return failure(StoreError::full);
  }
  return {};
}

bool Committer::is_disk_low(MonoTime now) {
  if (disk_low_ || space_checked_ == MonoTime::min() ||
      now - space_checked_ >= space_check_interval || bytes_since_check_ >= space_check_bytes) {
    disk_low_ = kv_.free_bytes() < limits_.min_free_disk_bytes;
    space_checked_ = now;
    bytes_since_check_ = 0;
  }
  return disk_low_;
}

StoreResult<void> Committer::write(const Group& group, bool sync) {
  if (status_.failed || group.builder.is_broken()) {
    return failure(StoreError::io);
  }
  if (group.builder.batch().is_empty()) {
    return sync ? kv_.sync() : StoreResult<void>{};
  }
  kill_point("store.group.before_write");
  return kv_.write(group.builder.batch(), sync);
}

void Committer::finish(Group& group, StoreResult<void> written, MonoTime now) {
  kill_point("store.group.written");
  if (!written) {
    fail();
    for (const auto& request : group.requests) {
      request->result = failure(StoreError::io);
    }
    return;
  }
  if (group.sync) {
    kill_point("store.group.synced");
    unsynced_since_.reset();
    status_.groups.fetch_add(1, std::memory_order_relaxed);
  } else if (!group.builder.batch().is_empty() || group.builder.is_split()) {
    unsynced_since_ = unsynced_since_.value_or(now);
  }
  const GroupBuilder::Tally& tally = group.builder.tally();
  status_.committed.fetch_add(tally.committed, std::memory_order_relaxed);
  status_.settled.fetch_add(tally.settled, std::memory_order_relaxed);
  status_.bytes_accepted.fetch_add(tally.bytes, std::memory_order_relaxed);
  status_.open_change.fetch_add(
      static_cast<std::int64_t>(tally.committed) - static_cast<std::int64_t>(tally.ended),
      std::memory_order_relaxed);
}

std::optional<MonoTime> Committer::sync_due() const {
  if (!unsynced_since_ || status_.failed) {
    return std::nullopt;
  }
  return *unsynced_since_ + sync_delay_max;
}

void Committer::sync_rest() {
  if (!unsynced_since_ || status_.failed) {
    return;
  }
  kill_point("store.sync.before");
  if (!kv_.sync()) {
    fail();
  }
  unsynced_since_.reset();
  kill_point("store.sync.after");
}

void Committer::fail() {
  status_.failed = true;
}

}  // namespace postrider::store
