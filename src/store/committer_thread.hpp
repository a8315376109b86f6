#pragma once

#include "committer.hpp"
#include "core_port.hpp"
#include "request_queue.hpp"

#include <memory>
#include <thread>
#include <vector>

#include <postrider/engine/reactor.hpp>

namespace postrider::store {

// Runs the committer on a thread of its own: while one group is being synced the next one gathers.
// It sleeps while there is nothing to do; its only timer is the sync of what settle() left.
class CommitterThread final : public CommitterDoor {
 public:
  CommitterThread(Kv& kv, Status& status, Committer::Limits limits)
      : committer_(kv, status, limits) {}
  ~CommitterThread() override { close(); }

  void start(engine::Cores& cores, std::vector<std::shared_ptr<CorePort>> ports);

  [[nodiscard]] bool submit(std::unique_ptr<Request>& request) override {
    return queue_.push(request);
  }
  void close() override;

 private:
  void run();
  void run_group(std::deque<std::unique_ptr<Request>>& pending);
  void answer(Requests requests);

  Committer committer_;
  RequestQueue queue_;
  std::vector<std::shared_ptr<CorePort>> ports_;  // shared with their cores' pending calls
  std::vector<std::unique_ptr<engine::Inlet>> inlets_;
  std::thread thread_;
};

}  // namespace postrider::store
