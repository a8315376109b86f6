#pragma once

#include "group_builder.hpp"
#include "status.hpp"

#include <deque>
#include <optional>

#include <postrider/base/time.hpp>

namespace postrider::store {

// The one writer of the store: gathers requests into groups, each written by one batch and, if any
// of them asks for it, one sync. What runs it (a thread, or a simulation) writes the group and
// hands out the answers. Shard: one thread at a time.
class Committer {
 public:
  struct Limits {
    std::uint64_t group_bytes = 0;
    std::uint64_t min_free_disk_bytes = 0;
  };
  // What settle() left unsynced is synced after this at the latest.
  static constexpr Duration sync_delay_max = std::chrono::seconds(1);

  struct Group {
    Requests requests;
    GroupBuilder builder;
    bool sync = false;
  };

  Committer(Kv& kv, Status& status, Limits limits) : kv_(kv), status_(status), limits_(limits) {}

  // Takes from the front of `pending` what fits a group.
  [[nodiscard]] Group gather(std::deque<std::unique_ptr<Request>>& pending, MonoTime now);
  // One call that writes and syncs.
  [[nodiscard]] StoreResult<void> write(const Group& group, bool sync);
  // Sets the answers, given how the write (and sync) went.
  void finish(Group& group, StoreResult<void> written, MonoTime now);

  // When sync_rest() is due, if nothing comes before.
  [[nodiscard]] std::optional<MonoTime> sync_due() const;
  void sync_rest();

 private:
  [[nodiscard]] StoreResult<void> admit(const Request& request, MonoTime now);
  [[nodiscard]] bool is_disk_low(MonoTime now);
  void fail();

  Kv& kv_;
  Status& status_;
  Limits limits_;
  std::optional<MonoTime> unsynced_since_;
  MonoTime space_checked_ = MonoTime::min();
  std::uint64_t bytes_since_check_ = 0;
  bool disk_low_ = false;
  RecentMessages recent_;
};

// Where cores put their requests.
class CommitterDoor {
 public:
  CommitterDoor() = default;
  CommitterDoor(const CommitterDoor&) = delete;
  CommitterDoor& operator=(const CommitterDoor&) = delete;
  virtual ~CommitterDoor() = default;
  // The answer comes to CorePort::on_done of the request's core. False once closed: the request is
  // untouched then. Any core.
  [[nodiscard]] virtual bool submit(std::unique_ptr<Request>& request) = 0;
  // Writes them as one group on the calling core's thread and sets their results, if they are few,
  // nothing is before them, and the disk has been quick of late. False: they are untouched.
  [[nodiscard]] virtual bool write_here(Requests& requests) = 0;
  // Answers and syncs all that was submitted, then stops.
  virtual void close() = 0;
};

}  // namespace postrider::store
