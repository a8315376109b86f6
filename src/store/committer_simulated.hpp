#pragma once

#include "committer.hpp"
#include "core_port.hpp"
#include "memory_kv.hpp"

#include <memory>
#include <vector>

#include <postrider/engine/simulation.hpp>

namespace postrider::store {

// Runs the committer in a simulation's one thread: a group is written at once, becomes durable when
// the disk's latency has passed, and what arrives meanwhile is the next group.
class CommitterSimulated final : public CommitterDoor {
 public:
  CommitterSimulated(Kv& kv, Status& status, Committer::Limits limits,
                     std::shared_ptr<Store::MemoryDisk> disk, engine::Simulation& simulation)
      : kv_(kv),
        committer_(kv, status, limits),
        disk_(std::move(disk)),
        simulation_(simulation),
        alive_(std::make_shared<CommitterSimulated*>(this)) {}

  void start(std::vector<std::shared_ptr<CorePort>> ports);

  [[nodiscard]] bool submit(std::unique_ptr<Request>& request) override;
  [[nodiscard]] bool write_here(Requests& requests) override;
  void close() override;

 private:
  void wake();
  void begin_group();
  void end_group();
  void arm_sync();
  void answer(Requests requests);
  [[nodiscard]] MonoTime now() { return simulation_.reactor(0).now(); }
  void after(Duration delay, void (CommitterSimulated::*step)());

  Kv& kv_;
  Committer committer_;
  std::shared_ptr<Store::MemoryDisk> disk_;  // shared with the test that breaks it
  engine::Simulation& simulation_;
  std::vector<std::shared_ptr<CorePort>> ports_;  // shared with their cores' pending calls
  std::vector<std::unique_ptr<engine::Inlet>> inlets_;
  std::deque<std::unique_ptr<Request>> pending_;
  std::unique_ptr<Committer::Group> group_;  // written, its sync under way
  StoreResult<void> written_;
  bool busy_ = false;
  bool sync_armed_ = false;
  bool closed_ = false;
  // What a step that is under way in the simulation asks, since it may outlive the store.
  std::shared_ptr<CommitterSimulated*> alive_;
};

}  // namespace postrider::store
