// What one sender hands in comes into a mailbox in that order, though deliveries run at once.
#include "local_world.hpp"
#include "service/delivery/local_delivery.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <postrider/base/random.hpp>
#include <postrider/flow/filing_turns.hpp>

namespace postrider::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Each takes another way to its mailbox: in memory, on the pool, in several frames.
std::string content_of(int number, SeededRandom& random) {
  constexpr std::size_t sizes[] = {10, 10, 500, 20'000, 90'000, 400'000};
  const std::size_t size = sizes[random.below(std::size(sizes))];
  return fmt::format("Subject: {}\r\n\r\n{}\r\n", number, std::string(size, 'x'));
}

std::vector<int> subjects(LocalWorld& world, const std::string& account,
                          const std::string& folder = "INBOX") {
  std::vector<int> out;
  for (const std::string& mail : world.mails(account, folder)) {
    out.push_back(std::stoi(mail.substr(mail.find("Subject: ") + 9)));
  }
  return out;
}

// One after another, as a conversation does: the next when the last is durable.
engine::Task<void> hand_in(LocalWorld& world, std::vector<store::NewMessage> messages,
                           CoreId core) {
  for (store::NewMessage& message : messages) {
    (void)co_await world.queue(core).commit(std::move(message));
  }
}

struct Session {
  std::vector<store::NewMessage> messages;
  int next = 0;
};

void add(LocalWorld& world, Session& session, const std::string& to, SeededRandom& random,
         CoreId core) {
  session.messages.push_back(
      world.compose_placed({.to = {to}, .content = content_of(session.next++, random)}, core));
}

TEST(LocalOrder, IsThatOfAcceptanceWhateverTakesLonger) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    LocalWorld world(seed, 2);
    world.directory.domains.insert("alias.test");
    world.directory.add_account("ada@home.test");
    world.directory.add_account("bob@home.test");
    for (const char* alias : {"ada@alias.test", "sales@other.test", "a@b.test"}) {
      world.directory.places[alias] = {{store::LocalKind::mailbox, "ada@home.test", ""}};
    }
    world.start();
    (void)world.add_folder("ada@home.test", "work");
    SeededRandom random(seed);
    const auto core = static_cast<CoreId>(seed % 2);
    Session session;
    for (int i = 0; i < 60; ++i) {
      constexpr const char* to[] = {"ada@home.test", "ada@home.test",  "ada+work@home.test",
                                    "bob@home.test", "ada@alias.test", "sales@other.test",
                                    "a@b.test"};
      add(world, session, to[random.below(std::size(to))], random, core);
    }
    world.reactor(core).spawn(hand_in(world, std::move(session.messages), core));
    world.run_for(minutes(1));
    std::size_t count = 0;
    for (const auto& [account, folder] :
         {std::pair("ada@home.test", "INBOX"), std::pair("ada@home.test", "work"),
          std::pair("bob@home.test", "INBOX")}) {
      const std::vector<int> found = subjects(world, account, folder);
      EXPECT_TRUE(std::ranges::is_sorted(found)) << account << " " << folder << ", seed " << seed;
      count += found.size();
    }
    EXPECT_EQ(count, 60U) << "seed " << seed;
    world.stop();
  }
}

// Where the window is full, some wait in the store: those that come later do not pass them.
TEST(LocalOrder, HoldsWhereSomeWaitInTheStore) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    LocalWorld world(seed, 1);
    world.settings.window = 8;
    world.reads_late = milliseconds(20);  // fresh ones find room meanwhile
    world.directory.add_account("ada@home.test");
    world.directory.add_account("bob@home.test");
    world.start();
    SeededRandom random(seed);
    std::vector<Session> sessions(6);
    int count = 0;
    for (std::size_t i = 0; i < sessions.size(); ++i) {
      sessions[i].next = static_cast<int>(i) * 1000;
      for (int mail = 0; mail < 20; ++mail, ++count) {
        add(world, sessions[i], random.below(2) == 0 ? "ada@home.test" : "bob@home.test", random,
            0);
      }
    }
    for (Session& session : sessions) {
      world.reactor().spawn(hand_in(world, std::move(session.messages), 0));
    }
    world.run_for(minutes(1));
    std::size_t found = 0;
    for (const char* account : {"ada@home.test", "bob@home.test"}) {
      std::map<int, int> last;  // of each session
      for (const int number : subjects(world, account)) {
        ++found;
        const auto [at, is_new] = last.try_emplace(number / 1000, number);
        EXPECT_TRUE(is_new || at->second < number) << number << ", seed " << seed;
        at->second = number;
      }
    }
    EXPECT_EQ(found, static_cast<std::size_t>(count)) << "seed " << seed;
    world.stop();
  }
}

TEST(LocalOrder, OneThatFailsForNowHoldsNobodyBack) {
  LocalWorld world(1, 1);
  world.directory.add_account("ada@home.test").quota.size_bytes = 100'000;
  world.start();
  Session session;
  const auto add_of = [&](std::size_t size) {
    session.messages.push_back(
        world.compose_placed({.to = {"ada@home.test"},
                              .content = fmt::format("Subject: {}\r\n\r\n{}\r\n", session.next++,
                                                     std::string(size, 'x'))}));
  };
  add_of(100);
  add_of(300'000);
  add_of(100);
  add_of(100);
  world.reactor().spawn(hand_in(world, std::move(session.messages), 0));
  world.run_for(seconds(5));
  EXPECT_EQ(subjects(world, "ada@home.test"), (std::vector<int>{0, 2, 3}));
  world.directory.add_account("ada@home.test").quota.size_bytes = 0;
  world.run_for(std::chrono::hours(1));
  EXPECT_EQ(subjects(world, "ada@home.test"), (std::vector<int>{0, 2, 3, 1}));
  world.stop();
}

// A hundred that wait for one large message keep nobody else waiting.
TEST(LocalOrder, WhoWaitsForATurnTakesNoPlace) {
  struct Counted {
    engine::Task<void> run(flow::FilingTurns::Turn turn, int number) {
      co_await turn.come();
      came.push_back(number);
    }
    std::vector<int> came;
  } counted;
  const auto simulation = engine::Simulation::create({.seed = 1, .cores = 1});
  engine::Reactor& reactor = simulation->reactor(0);
  std::size_t told = 0;
  flow::FilingTurns turns(reactor, [&told] { ++told; });
  auto first = turns.take("ada");
  std::vector<flow::FilingTurns::Turn> rest;
  for (int i = 0; i < 4; ++i) {
    rest.push_back(turns.take("ada"));
  }
  auto other = turns.take("bob");
  reactor.spawn(counted.run(std::move(rest[2]), 3));
  reactor.spawn(counted.run(std::move(rest[0]), 1));
  reactor.spawn(counted.run(std::move(other), 10));
  reactor.spawn(counted.run(std::move(first), 0));
  simulation->run_for(milliseconds(1));
  EXPECT_EQ(counted.came, (std::vector<int>{10, 0, 1})) << "the third waits for the second";
  EXPECT_EQ(turns.waiting(), 1U);
  EXPECT_EQ(told, 2U);
  rest[1].pass();  // it has failed
  simulation->run_for(milliseconds(1));
  EXPECT_EQ(counted.came, (std::vector<int>{10, 0, 1, 3}));
  EXPECT_EQ(turns.waiting(), 0U);
  rest[3].pass();
  reactor.spawn(counted.run(turns.take("ada"), 5));
  simulation->run_for(milliseconds(1));
  EXPECT_EQ(counted.came.back(), 5) << "the line begins anew";
}

engine::Task<void> plan_one(LocalDelivery& delivery, ItemRef item, const DeliverySettings& settings,
                            std::optional<LocalPlan>& out) {
  auto room = co_await delivery.reserve(*item);
  out.emplace(co_await delivery.plan(*item, settings, std::move(room)));
}

// However many large ones come at once, memory is taken for so many octets of them.
TEST(LocalRoom, IsKeptUntilTheMessageIsFiled) {
  constexpr std::uint64_t mib = 1 << 20;
  LocalWorld world;
  world.directory.add_account("ada@home.test");
  world.start();
  flow::MailFiling filing(world.reactor(), world.boxes());
  const LocalDoors doors{&world.directory, &filing, &world.srs};
  LocalDelivery delivery({world.reactor(), world.queue(), doors}, 4 * mib);
  std::vector<std::optional<LocalPlan>> plans(5);
  std::size_t number = 0;
  for (const std::uint64_t size : {2 * mib, mib, 10 * mib, mib, std::uint64_t{100}}) {
    const store::NewMessage message =
        world.compose_placed({.to = {"ada@home.test"}, .content = std::string(size, 'x')});
    auto item = std::make_shared<Item>();
    item->id = {message.envelope->id, 0};
    item->envelope = message.envelope;
    item->octets = message.octets;
    world.reactor().spawn(plan_one(delivery, std::move(item), world.settings, plans[number++]));
  }
  const auto planned = [&] {
    world.run_for(seconds(1));
    return std::ranges::count_if(plans, [](const auto& plan) { return plan.has_value(); });
  };
  EXPECT_EQ(planned(), 2) << "the third needs all there is, and the others stand behind it";
  ASSERT_TRUE(plans[0] && plans[0]->filing);
  plans[0].reset();
  EXPECT_EQ(planned(), 1);
  plans[1].reset();
  EXPECT_EQ(planned(), 1) << "larger than all there is: by itself";
  EXPECT_TRUE(plans[2]);
  plans[2].reset();
  EXPECT_EQ(planned(), 2);
  plans.clear();
  world.stop();
}

}  // namespace
}  // namespace postrider::delivery
