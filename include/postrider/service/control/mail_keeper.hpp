#pragma once

#include <cstdint>

#include <postrider/base/time.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/store/mailbox_store.hpp>
#include <postrider/store/upkeep.hpp>

namespace postrider::control {

// 0: for ever.
struct MailKeeping {
  Duration undelete{std::chrono::hours(24 * 14)};  // what was expunged can be brought back
  Duration trash{};                                // in mailboxes with the use \Trash
  Duration junk{};                                 // \Junk
  Duration check_every{std::chrono::hours(1)};
};

// Lets go of mail whose time is over: expunges it from trash and junk as its owner would, and
// forgets for good what was expunged long ago.
//
// Cost: what is due, and a look at the oldest message of each trash and junk. Shard: the core of
// `reactor`.
class MailKeeper {
 public:
  // All of it outlives this.
  MailKeeper(engine::Reactor& reactor, store::MailboxStore& mailboxes, store::Upkeep& upkeep,
             MailKeeping keeping)
      : reactor_(reactor),
        mailboxes_(mailboxes),
        upkeep_(upkeep),
        keeping_(keeping),
        gate_(reactor) {}

  // Looks now, and again after each while.
  void start();
  // Ends when it has.
  [[nodiscard]] engine::Task<void> stop();
  void set(MailKeeping keeping) { keeping_ = keeping; }

  struct Swept {
    std::uint64_t expunged = 0;
    std::uint64_t forgotten = 0;
    std::uint64_t failed = 0;  // accounts of which something could not be done now
  };
  // All accounts once.
  [[nodiscard]] engine::Task<Swept> sweep();

 private:
  engine::Task<void> run(engine::Gate::Pass pass);
  engine::Task<bool> sweep_account(store::MailAccountId account, Swept& swept);
  engine::Task<bool> expunge_old(store::MailAccountId account, store::MailboxId mailbox,
                                 WallTime before, Swept& swept);
  engine::Task<bool> forget_old(store::MailAccountId account, Swept& swept);

  engine::Reactor& reactor_;
  store::MailboxStore& mailboxes_;
  store::Upkeep& upkeep_;
  MailKeeping keeping_;
  engine::Gate gate_;
};

}  // namespace postrider::control
