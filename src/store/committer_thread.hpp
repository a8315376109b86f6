#pragma once

#include "committer.hpp"
#include "core_port.hpp"
#include "request_queue.hpp"
#include "sync_pace.hpp"

#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <postrider/engine/reactor.hpp>

namespace postrider::store {

// Runs the committer on a thread of its own: while one group is being synced the next one gathers.
// It sleeps while there is nothing to do; its only timer is the sync of what settle() left. Where
// little comes in, the core that has it writes it itself: waking the thread and being woken by it
// takes longer than a quick disk.
class CommitterThread final : public CommitterDoor {
 public:
  CommitterThread(Kv& kv, Status& status, Committer::Limits limits)
      : committer_(kv, status, limits) {}
  ~CommitterThread() override { close(); }

  void start(engine::Cores& cores, std::vector<std::shared_ptr<CorePort>> ports);

  [[nodiscard]] bool submit(std::unique_ptr<Request>& request) override {
    return queue_.push(request);
  }
  [[nodiscard]] bool write_here(Requests& requests) override;
  void close() override;

 private:
  using Pending = std::deque<std::unique_ptr<Request>>;
  void run();
  [[nodiscard]] Requests run_group(Pending& pending);
  void answer(Requests requests);

  // Who has it writes; it guards what follows.
  std::mutex writing_;
  Committer committer_;
  SyncPace pace_;
  Pending pending_;  // taken from the queue and not written yet; changed by the thread alone
  bool knows_rest_ = false;  // the thread will wake to sync what is left unsynced
  RequestQueue queue_;
  std::vector<std::shared_ptr<CorePort>> ports_;  // shared with their cores' pending calls
  std::vector<std::unique_ptr<engine::Inlet>> inlets_;
  std::thread thread_;
};

}  // namespace postrider::store
