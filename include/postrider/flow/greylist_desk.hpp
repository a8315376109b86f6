#pragma once

#include <string>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/policy/greylist.hpp>
#include <postrider/store/fact_store.hpp>

namespace postrider::flow {

// The one greylist of the server, on its home core: what it has learnt is kept in the store, and
// written in groups of its own now and then: mail does not wait for it. A crash forgets what was
// learnt since (`write_every`): somebody comes back once more.
// Shard: that of the reactor. drain() before it is destroyed.
class GreylistHome {
 public:
  static constexpr Duration write_every = std::chrono::minutes(1);
  // The references outlive it.
  GreylistHome(engine::Reactor& reactor, store::FactStore& facts,
               const policy::GreylistSettings& settings);
  GreylistHome(const GreylistHome&) = delete;
  GreylistHome& operator=(const GreylistHome&) = delete;
  ~GreylistHome() = default;

  // Once, before mail comes in. Cost: a read of all that is kept.
  [[nodiscard]] engine::Task<void> load();
  // Sweeps and writes now and then, until drain(), which writes a last time.
  void start();
  [[nodiscard]] engine::Task<void> drain();
  [[nodiscard]] engine::Task<void> write();

  [[nodiscard]] engine::Reactor& reactor() { return reactor_; }
  [[nodiscard]] policy::Greylist& list() { return list_; }

 private:
  [[nodiscard]] engine::Task<void> run(engine::Gate::Pass pass);

  engine::Reactor& reactor_;
  store::FactStore& facts_;
  policy::Greylist list_;
  engine::Semaphore writing_;
  engine::Gate gate_;
};

// The way to it from each core. Shard: one a core.
class GreylistDesk {
 public:
  // All of it outlives this.
  GreylistDesk(engine::Cores& cores, engine::Reactor& reactor, GreylistHome& home)
      : cores_(cores), reactor_(reactor), home_(home) {}

  // Cost: a hop to the home core and back; nothing is written meanwhile.
  [[nodiscard]] engine::Task<policy::GreylistDecision> ask(policy::GreylistSubject subject);
  // Nobody waits for it.
  void learn(IpAddress client, std::string proven_domain, bool is_good);

 private:
  engine::Cores& cores_;
  engine::Reactor& reactor_;
  GreylistHome& home_;
};

}  // namespace postrider::flow
