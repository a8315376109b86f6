#include "service/delivery/site_leases.hpp"

#include <atomic>
#include <deque>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <postrider/engine/real.hpp>
#include <postrider/engine/run_on.hpp>
#include <postrider/engine/simulation.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/when_all.hpp>
#include <postrider/service/delivery/delivery.hpp>

// The sum over cores, on both back ends: several cores ask for, use and give back the same budgets.
namespace postrider::delivery {
namespace {

constexpr CoreId cores_used = 2;

std::string site_at_home_on(CoreId core) {
  std::string name = "site0\n";
  while (home_of(name, cores_used) != core) {
    ++name[4];
  }
  return name;
}

// Of one site, over all cores. `out` counts what the lanes believe to hold.
struct Budget {
  std::uint32_t limit = 1;
  std::atomic<std::uint32_t> out = 0;
  std::atomic<std::uint32_t> most_out = 0;
  void take() {
    const std::uint32_t now = ++out;
    std::uint32_t most = most_out;
    while (now > most && !most_out.compare_exchange_weak(most, now)) {
    }
  }
  void drop() { --out; }
};

// A lane that wants `rounds` connections, one after another, each for a few turns.
struct User {
  User(engine::Reactor& on, SiteLeases& leases, std::string site, std::string name, Budget& of)
      : reactor(on),
        budget(of),
        arrived(on),
        lease(leases, std::move(site), std::move(name),
              {[this](SiteSlot slot) {
                 granted = std::move(slot);
                 arrived.set();
               },
               [] {}}) {}

  engine::Task<void> use(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      SiteSlot slot = lease.ask();
      if (!slot) {
        const auto came = co_await arrived.wait({reactor.now() + std::chrono::seconds(60), {}});
        EXPECT_TRUE(came.has_value()) << "starved";
        arrived.reset();
        slot = std::move(granted);
      }
      budget.take();
      for (std::uint64_t turns = reactor.random().below(4); turns > 0; --turns) {
        co_await reactor.heavy_step();
      }
      ++served;
      budget.drop();
    }
  }

  engine::Reactor& reactor;
  Budget& budget;
  engine::Event arrived;
  SiteLease lease;
  SiteSlot granted;
  int served = 0;
};

// What one core does: lanes of both sites at once.
engine::Task<bool> use_core(engine::Cores* cores, CoreId core, SiteLeases::Peers* peers,
                            std::vector<Budget>* budgets, int rounds) {
  engine::Reactor& reactor = cores->reactor(core);
  std::vector<std::unique_ptr<User>> lanes;
  std::vector<engine::Task<void>> tasks;
  for (CoreId home = 0; home < cores_used; ++home) {
    for (const std::string policy : {"x", "y"}) {
      const std::string site = site_at_home_on(home);
      lanes.push_back(
          std::make_unique<User>(reactor, *(*peers)[core], site, site + policy, (*budgets)[home]));
      tasks.push_back(lanes.back()->use(rounds));
    }
  }
  co_await engine::when_all(std::move(tasks));
  for (const auto& lane : lanes) {
    EXPECT_EQ(lane->served, rounds);
    EXPECT_TRUE(lane->lease.is_unused());
  }
  co_await (*peers)[core]->close();
  co_return true;
}

engine::Task<void> use_all(engine::Cores& cores, SiteLeases::Peers& peers,
                           std::vector<Budget>& budgets, int rounds) {
  std::vector<engine::Task<bool>> tasks;
  for (CoreId core = 0; core < cores_used; ++core) {
    tasks.push_back(engine::run_on<bool>(cores, cores.reactor(0), core,
                                         [&cores, core, &peers, &budgets, rounds] {
                                           return use_core(&cores, core, &peers, &budgets, rounds);
                                         }));
  }
  (void)co_await engine::when_all(std::move(tasks));  // they check themselves
}

struct Process {
  Process(engine::Cores& cores, std::uint32_t limit) : budgets(cores_used) {
    for (CoreId core = 0; core < cores_used; ++core) {
      peers.push_back(std::make_unique<SiteLeases>(cores, core, peers, limit));
    }
  }
  SiteLeases::Peers peers;
  std::vector<Budget> budgets;
};

TEST(SiteLeases, TheSumOverCoresStaysBelowTheLimitOnTheSimulatedCores) {
  for (const std::uint32_t limit : {1U, 2U, 3U}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const auto simulation = engine::Simulation::create({.seed = seed, .cores = cores_used});
      Process process(*simulation, limit);
      simulation->run(use_all(*simulation, process.peers, process.budgets, 50));
      for (const Budget& budget : process.budgets) {
        EXPECT_LE(budget.most_out, limit) << "seed " << seed;
        EXPECT_EQ(budget.out, 0U);
      }
    }
  }
}

TEST(SiteLeases, TheSumOverCoresStaysBelowTheLimitOnRealCores) {
  for (const std::uint32_t limit : {1U, 3U}) {
    const auto engine =
        engine::Engine::create({.cores = cores_used, .pin = false, .ring_entries = 256});
    Process process(*engine, limit);
    struct Start {
      static engine::Task<void> run(engine::Engine* on, Process* what, engine::Reactor* reactor) {
        if (reactor->core() == 0) {
          co_await use_all(*on, what->peers, what->budgets, 2'000);
          on->stop();
        }
      }
    };
    engine->run(
        [&](engine::Reactor& reactor) { return Start::run(engine.get(), &process, &reactor); });
    for (const Budget& budget : process.budgets) {
      EXPECT_LE(budget.most_out, limit);
      EXPECT_EQ(budget.out, 0U);
    }
  }
}

// The lane's own view of what is asked back from it.
struct Holder {
  Holder(SiteLeases& leases, const std::string& site, std::string name)
      : lease(
            leases, site, std::move(name),
            {[this](SiteSlot slot) { slots.push_back(std::move(slot)); }, [this] { ++recalls; }}) {}
  void ask() {
    if (SiteSlot slot = lease.ask()) {
      slots.push_back(std::move(slot));
    }
  }
  int recalls = 0;
  SiteLease lease;
  std::deque<SiteSlot> slots;
};

TEST(SiteLeases, WhatIsLeavingAlreadyMeetsTheNextRecall) {
  const auto simulation = engine::Simulation::create({.cores = cores_used});
  Process process(*simulation, 2);
  const std::string site = site_at_home_on(0);
  Holder near(*process.peers[0], site, "near");
  Holder far(*process.peers[1], site, "far");
  near.ask();
  near.ask();
  ASSERT_EQ(near.slots.size(), 2U) << "at home it takes no turn";
  near.slots.front().leave();
  EXPECT_EQ(near.lease.recalled(), 0U) << "nobody waits";
  far.ask();
  simulation->run_until_idle();
  EXPECT_EQ(near.lease.recalled(), 0U) << "one is on its way";
  EXPECT_TRUE(far.slots.empty()) << "but not back yet";
  near.slots.pop_front();
  simulation->run_until_idle();
  EXPECT_EQ(far.slots.size(), 1U);
  EXPECT_EQ(near.slots.size(), 1U);
  EXPECT_EQ(near.recalls + far.recalls, 0);
  far.slots.clear();
  near.slots.clear();
  simulation->run_until_idle();
  EXPECT_TRUE(near.lease.is_unused() && far.lease.is_unused());
}

TEST(SiteLeases, ARecallIsMetByWhateverIsGivenBack) {
  const auto simulation = engine::Simulation::create({.cores = cores_used});
  Process process(*simulation, 2);
  const std::string site = site_at_home_on(1);
  Holder one(*process.peers[0], site, "one");
  Holder other(*process.peers[1], site, "other");
  one.ask();
  one.ask();
  EXPECT_TRUE(one.slots.empty()) << "the home is asked first";
  simulation->run_until_idle();
  ASSERT_EQ(one.slots.size(), 2U);
  other.ask();
  simulation->run_until_idle();
  EXPECT_EQ(one.recalls, 1);
  EXPECT_EQ(one.lease.recalled(), 1U);
  one.slots.pop_back();
  EXPECT_EQ(one.lease.recalled(), 0U);
  simulation->run_until_idle();
  EXPECT_EQ(other.slots.size(), 1U);
}

engine::Task<void> close(SiteLeases* leases, bool* done) {
  co_await leases->close();
  *done = true;
}

TEST(SiteLeases, ACoreThatClosesGetsAndKeepsNothing) {
  const auto simulation = engine::Simulation::create({.cores = cores_used});
  Process process(*simulation, 1);
  const std::string site = site_at_home_on(0);
  Holder near(*process.peers[0], site, "near");
  Holder far(*process.peers[1], site, "far");
  near.ask();
  far.ask();
  far.ask();  // both wait when their core closes
  simulation->run_until_idle();
  bool closed = false;
  simulation->reactor(1).spawn(close(process.peers[1].get(), &closed));
  near.slots.clear();  // so that a grant meets the farewell on its way
  simulation->run_until_idle();
  EXPECT_TRUE(closed);
  EXPECT_TRUE(far.slots.empty());
  near.ask();
  EXPECT_EQ(near.slots.size(), 1U) << "what was granted to it is free again";
}

TEST(SiteLeases, AnAbandonedCoreTellsNobody) {
  const auto simulation = engine::Simulation::create({.cores = cores_used});
  {
    Process process(*simulation, 1);
    Holder far(*process.peers[1], site_at_home_on(0), "far");
    far.ask();
    simulation->run_until_idle();
    ASSERT_EQ(far.slots.size(), 1U);
    for (const auto& peer : process.peers) {
      peer->abandon();
    }
  }
  simulation->run_until_idle();  // nothing that reaches for what is gone
}

}  // namespace
}  // namespace postrider::delivery
