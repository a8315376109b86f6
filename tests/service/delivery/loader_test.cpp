#include "service/delivery/loader.hpp"

#include <array>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <postrider/engine/simulation.hpp>
#include <postrider/store/store.hpp>

// What the loader makes of the windows' answers, at moments that are hard to meet with real shards.
namespace postrider::delivery {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr CoreId cores_used = 3;

std::string domain_of(CoreId core) {
  std::string name = "a.test";
  while (home_of(name, cores_used) != core) {
    ++name[0];
  }
  return name;
}

// Takes what fits into `room`; a delivery that it has taken is done at once, and counted.
class FakeWindow final : public Window {
 public:
  void begin_scan() override {}
  Taken take(std::vector<ItemRef> items) override {
    if (on_take) {
      on_take();
    }
    Taken out;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (taken.contains(items[i]->id)) {
        continue;
      }
      if (room == 0) {
        has_left = true;
        out.first_left = out.first_left.value_or(i);
        continue;
      }
      --room;
      taken.insert(items[i]->id);
    }
    out.has_room = room > 0;
    return out;
  }
  void set_behind(bool) override {}

  std::size_t room = 1'000;
  bool has_left = false;  // something, for want of room
  std::set<DeliveryId> taken;
  std::function<void()> on_take;
};

struct Process {
  explicit Process(std::uint64_t seed = 1)
      : simulation(engine::Simulation::create({.cores = cores_used, .seed = seed})) {
    queue_store = store::Store::open_memory(disk, *simulation);
    for (FakeWindow& window : fakes) {
      windows.push_back(&window);
    }
    loader = std::make_unique<Loader>(*simulation, queue(), windows);
  }
  ~Process() { simulation->kill_tasks(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  store::QueueStore& queue() { return queue_store->queue(0); }
  engine::Reactor& reactor() { return simulation->reactor(0); }
  void start() {
    reactor().spawn(loader->run({}));
    simulation->run_for(seconds(1));
  }
  DeliveryId submit(CoreId core) {
    auto envelope = std::make_shared<store::Envelope>();
    envelope->id = queue().next_id();
    envelope->tenant = "t";
    envelope->reverse_path = "a@b.test";
    envelope->received_at = reactor().wall_now();
    envelope->size_octets = 3;
    const std::string domain = domain_of(core);
    envelope->destinations.push_back({domain, {{"x@" + domain, "", {}}}});
    const DeliveryId id{envelope->id, 0};
    simulation->run(expect(queue().commit({std::move(envelope), SharedOctets("x\r\n")}, nullptr)));
    return id;
  }
  // It has been tried, and comes due again in so long; its shard says so.
  void defer(DeliveryId id, CoreId core, Duration in) {
    store::Progress progress;
    progress.attempts = 1;
    progress.next_due = reactor().wall_now() + in;
    simulation->run(expect(queue().settle({id, progress, std::nullopt})));
    fakes[core].taken.erase(id);
    loader->on_deferred(core, progress.next_due);
  }
  DeliveryId submit_deferred(CoreId core, Duration in) {
    const DeliveryId id = submit(core);
    defer(id, core, in);
    return id;
  }
  void give_room(CoreId core, std::size_t room = 1'000) {
    fakes[core].room = room;
    loader->on_room(core);
  }
  [[nodiscard]] bool has_taken(CoreId core, DeliveryId id) const {
    return fakes[core].taken.contains(id);
  }

  static engine::Task<void> expect(engine::Task<store::StoreResult<void>> task) {
    const auto done = co_await std::move(task);
    EXPECT_TRUE(done.has_value());
  }

  std::unique_ptr<engine::Simulation> simulation;
  std::shared_ptr<store::Store::MemoryDisk> disk = store::Store::make_memory_disk();
  std::unique_ptr<store::Store> queue_store;
  std::array<FakeWindow, cores_used> fakes;
  Loader::Windows windows;
  std::unique_ptr<Loader> loader;
};

TEST(Loader, OffersArrivalsAndWhatComesDueToTheirHomes) {
  Process process;
  const DeliveryId now = process.submit(1);
  const DeliveryId later = process.submit_deferred(2, minutes(5));
  process.start();
  EXPECT_TRUE(process.has_taken(1, now));
  EXPECT_FALSE(process.has_taken(2, later));
  process.simulation->run_for(minutes(6));
  EXPECT_TRUE(process.has_taken(2, later));
}

// A window that is full says so, and gets room while another has not yet answered. Which core moves
// first is the seed's; whether the moment was met is counted.
TEST(Loader, RoomThatIsToldBeforeAllHaveAnsweredIsNotForgotten) {
  for (const bool is_due : {false, true}) {
    int met = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      Process process(seed);
      process.start();
      process.fakes[1].room = 0;
      bool told = false;
      process.fakes[2].on_take = [&] {
        if (process.fakes[1].has_left && !told) {
          told = true;
          process.give_room(1);
        }
      };
      const DeliveryId left = is_due ? process.submit_deferred(1, seconds(0)) : process.submit(1);
      if (!is_due) {
        process.loader->on_overflow(1, left);
      }
      process.simulation->run_for(minutes(5));
      if (told) {
        ++met;
        EXPECT_TRUE(process.has_taken(1, left)) << (is_due ? "due" : "arrival") << ", " << seed;
      }
    }
    EXPECT_GT(met, 0);
  }
}

// Core 1 has missed one of 10:02. An operator retries one of 10:00 (due again at 10:00, say), and
// core 1 gets room in the same moment: the scan for it may not lead the cursor over what was set
// back.
TEST(Loader, AScanForWhatWasMissedDoesNotPassAnEarlierRetry) {
  Process process;
  const DeliveryId retried = process.submit_deferred(0, minutes(30));
  const DeliveryId missed = process.submit_deferred(1, minutes(2));
  const DeliveryId last = process.submit_deferred(2, minutes(3));
  process.fakes[1].room = 0;
  process.start();
  process.simulation->run_for(minutes(5));
  ASSERT_TRUE(process.has_taken(2, last));
  ASSERT_FALSE(process.has_taken(1, missed));
  process.defer(retried, 0, -minutes(4));  // before what was missed
  process.give_room(1);
  process.simulation->run_for(minutes(5));
  EXPECT_TRUE(process.has_taken(1, missed));
  EXPECT_TRUE(process.has_taken(0, retried));
}

// The clock is set back behind what a core had no room for, and the core gets room before the clock
// comes there again.
TEST(Loader, WhatWasMissedIsDueAgainAfterTheClockWasSetBack) {
  Process process;
  process.fakes[1].room = 0;
  const DeliveryId missed = process.submit_deferred(1, minutes(10));
  process.start();
  process.simulation->run_for(minutes(12));
  ASSERT_FALSE(process.has_taken(1, missed));
  process.simulation->set_wall_clock(-minutes(8));
  process.give_room(1);
  process.simulation->run_for(minutes(3));
  EXPECT_FALSE(process.has_taken(1, missed)) << "by the clock it is not due";
  process.simulation->run_for(minutes(10));
  EXPECT_TRUE(process.has_taken(1, missed));
}

// The same where the clock stands between two that were missed.
TEST(Loader, OfTheMissedOnesThoseThatAreDueComeFirst) {
  Process process;
  process.fakes[1].room = 0;
  const DeliveryId first = process.submit_deferred(1, minutes(2));
  const DeliveryId second = process.submit_deferred(1, minutes(10));
  process.start();
  process.simulation->run_for(minutes(12));
  process.simulation->set_wall_clock(-minutes(6));
  process.give_room(1);
  process.simulation->run_for(minutes(2));
  EXPECT_TRUE(process.has_taken(1, first));
  EXPECT_FALSE(process.has_taken(1, second));
  process.simulation->run_for(minutes(10));
  EXPECT_TRUE(process.has_taken(1, second));
}

TEST(Loader, AClockThatIsSetForwardIsFollowed) {
  Process process;
  const DeliveryId later = process.submit_deferred(0, minutes(90));
  process.start();
  process.simulation->set_wall_clock(minutes(100));
  process.simulation->run_for(minutes(2));
  EXPECT_TRUE(process.has_taken(0, later));
}

}  // namespace
}  // namespace postrider::delivery
