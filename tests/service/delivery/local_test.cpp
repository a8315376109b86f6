#include "local_world.hpp"

#include <gtest/gtest.h>

namespace postrider::delivery {
namespace {

using flow::EventKind;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view trace_of_ada =
    "Return-Path: <sender@acme.example>\r\nDelivered-To: ada@home.test\r\n";

struct Scene {
  Scene() {
    world.directory.add_account("ada@home.test");
    world.directory.add_account("bob@home.test");
    world.settings.hostname = "home.test";
    world.start();
  }
  LocalWorld world;
};

TEST(LocalDelivery, KeepsTheMessageByteForByteBehindItsTrace) {
  Scene scene;
  const Letter letter{.to = {"ada@home.test"}};
  scene.world.submit_placed(letter);
  scene.world.run_for(seconds(1));
  EXPECT_EQ(scene.world.mails("ada@home.test"),
            std::vector{std::string(trace_of_ada) + letter.content});
  EXPECT_EQ(scene.world.open_deliveries(), 0U);
  const flow::Event* told = scene.world.events.find(EventKind::delivered, "ada@home.test");
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->site, "local");
  scene.world.stop();
}

TEST(LocalDelivery, PlacesWhatWasNotPlacedWhenItWasAccepted) {
  Scene scene;
  scene.world.directory.places["team@home.test"] = {
      {store::LocalKind::mailbox, "ada@home.test", ""},
      {store::LocalKind::mailbox, "bob@home.test", ""}};
  // One that comes to one place, one that comes to two, two in one entry.
  scene.world.submit({.to = {"ada@home.test"}});
  scene.world.submit({.to = {"team@home.test"}});
  scene.world.submit({.to = {"ada@home.test", "bob@home.test", "nobody@home.test"}});
  scene.world.run_for(minutes(1));
  EXPECT_EQ(scene.world.mails("ada@home.test").size(), 3U);
  EXPECT_EQ(scene.world.mails("bob@home.test").size(), 2U);
  const flow::Event* bounced = scene.world.events.find(EventKind::bounced, "nobody@home.test");
  ASSERT_NE(bounced, nullptr);
  EXPECT_EQ(bounced->enhanced, "5.1.1");
  scene.world.stop();
}

TEST(LocalDelivery, AReportToAHostedSenderIsFiled) {
  Scene scene;
  scene.world.submit_placed({.from = "ada@home.test", .to = {"nobody@home.test"}});
  scene.world.run_for(minutes(1));
  const auto mails = scene.world.mails("ada@home.test");
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_NE(mails[0].find("Return-Path: <>\r\n"), std::string::npos);
  EXPECT_NE(mails[0].find("Status: 5.1.1"), std::string::npos);
  EXPECT_EQ(scene.world.open_deliveries(), 0U);
  scene.world.stop();
}

TEST(LocalDelivery, ReportsSuccessToWhoAskedForIt) {
  Scene scene;
  Letter letter{.from = "bob@home.test", .to = {"ada@home.test"}};
  letter.notify.success = true;
  scene.world.submit_placed(letter);
  scene.world.run_for(minutes(1));
  const auto mails = scene.world.mails("bob@home.test");
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_NE(mails[0].find("Action: delivered"), std::string::npos);
  scene.world.stop();
}

TEST(LocalDelivery, AFullMailboxIsTriedAgainAndThenSaysSo) {
  Scene scene;
  scene.world.directory.add_account("ada@home.test").quota.messages = 1;
  scene.world.submit_placed({.to = {"ada@home.test"}});
  scene.world.submit_placed({.to = {"ada@home.test"}});
  scene.world.run_for(minutes(1));
  EXPECT_EQ(scene.world.mails("ada@home.test").size(), 1U);
  const flow::Event* deferred = scene.world.events.find(EventKind::deferred);
  ASSERT_NE(deferred, nullptr);
  EXPECT_EQ(deferred->enhanced, "4.2.2");
  scene.world.run_for(days(6));
  const flow::Event* expired = scene.world.events.find(EventKind::expired);
  ASSERT_NE(expired, nullptr);
  EXPECT_EQ(expired->enhanced, "5.2.2");
  EXPECT_EQ(scene.world.mails("ada@home.test").size(), 1U);
  scene.world.stop();
}

TEST(LocalDelivery, ARoomyMailboxTakesWhatWaited) {
  Scene scene;
  scene.world.directory.add_account("ada@home.test").quota.size_bytes = 10;
  scene.world.submit_placed({.to = {"ada@home.test"}});
  scene.world.run_for(minutes(1));
  scene.world.directory.add_account("ada@home.test").quota.size_bytes = 0;
  scene.world.run_for(hours(1));
  EXPECT_EQ(scene.world.mails("ada@home.test").size(), 1U);
  scene.world.stop();
}

TEST(LocalDelivery, SaysWhyItFails) {
  Scene scene;
  scene.world.directory.disabled.insert("bob@home.test");
  scene.world.submit_placed({.to = {"bob@home.test"}});
  scene.world.run_for(seconds(10));
  const flow::Event* bounced = scene.world.events.find(EventKind::bounced);
  ASSERT_NE(bounced, nullptr);
  EXPECT_EQ(bounced->enhanced, "5.2.1");
  scene.world.directory.is_down = true;
  scene.world.submit({.to = {"ada@home.test"}});
  scene.world.run_for(seconds(10));
  ASSERT_NE(scene.world.events.find(EventKind::deferred), nullptr);
  EXPECT_EQ(scene.world.events.find(EventKind::deferred)->enhanced, "4.3.0");
  scene.world.stop();
}

// Whether a domain is ours is not guessed: elsewhere its mail would come back to us, or go astray.
TEST(LocalDelivery, WaitsWhileItIsNotKnownWhatIsOurs) {
  Scene scene;
  scene.world.directory.is_down = true;
  scene.world.submit({.to = {"ada@home.test"}});
  scene.world.run_for(seconds(10));
  ASSERT_NE(scene.world.events.find(EventKind::deferred), nullptr);
  EXPECT_EQ(scene.world.events.find(EventKind::deferred)->enhanced, "4.3.0");
  EXPECT_EQ(scene.world.events.find(EventKind::bounced), nullptr);
  scene.world.directory.is_down = false;
  scene.world.run_for(std::chrono::hours(1));
  EXPECT_EQ(scene.world.mails("ada@home.test").size(), 1U);
  scene.world.stop();
}

TEST(LocalDelivery, ADetailNamesAFolderThatIsThere) {
  Scene scene;
  scene.world.add_folder("ada@home.test", "Lists");
  scene.world.add_folder("ada@home.test", "Rubbish", store::SpecialUse::trash);
  for (const char* to : {"ada+lists@home.test", "ada+none@home.test", "ada+rubbish@home.test"}) {
    scene.world.submit_placed({.to = {to}});
  }
  scene.world.run_for(seconds(10));
  EXPECT_EQ(scene.world.mails("ada@home.test", "Lists").size(), 1U);
  EXPECT_EQ(scene.world.mails("ada@home.test", "Rubbish").size(), 0U);
  EXPECT_EQ(scene.world.mails("ada@home.test").size(), 2U);
  scene.world.stop();
}

store::NewMessage judged(LocalWorld& world, store::Disposition disposition) {
  auto message = world.compose_placed({.to = {"ada@home.test"}});
  auto envelope = std::make_shared<store::Envelope>(*message.envelope);
  envelope->disposition = disposition;
  message.envelope = std::move(envelope);
  return message;
}

TEST(LocalDelivery, JunkGoesToItsFolderAndQuarantineIsHeld) {
  Scene scene;
  ASSERT_TRUE(
      scene.world.run(scene.world.queue().commit(judged(scene.world, store::Disposition::junk))));
  auto held = judged(scene.world, store::Disposition::quarantine);
  const DeliveryId id{held.envelope->id, 0};
  ASSERT_TRUE(scene.world.run(scene.world.queue().commit(std::move(held))));
  scene.world.run_for(hours(1));
  EXPECT_EQ(scene.world.mails("ada@home.test", "Junk").size(), 1U);
  EXPECT_EQ(scene.world.mails("ada@home.test").size(), 0U);
  EXPECT_TRUE(scene.world.run(scene.world.queue().load(id))->progress->held);
  const auto released =
      scene.world.run(scene.world.delivery().control().apply(0, id, QueueAction::release, ""));
  EXPECT_EQ(released, ActionResult::done);
  scene.world.run_for(minutes(10));
  EXPECT_EQ(scene.world.mails("ada@home.test").size(), 1U);
  scene.world.stop();
}

TEST(LocalDelivery, QuarantineHoldsWhatWouldLeaveToo) {
  Scene scene;
  auto held = scene.world.compose_placed({.to = {"bob@elsewhere.test"}});
  auto envelope = std::make_shared<store::Envelope>(*held.envelope);
  envelope->disposition = store::Disposition::quarantine;
  held.envelope = std::move(envelope);
  const DeliveryId id{held.envelope->id, 0};
  ASSERT_TRUE(scene.world.run(scene.world.queue().commit(std::move(held))));
  scene.world.run_for(hours(1));
  const auto stored = scene.world.run(scene.world.queue().load(id));
  ASSERT_TRUE(stored->progress.has_value());
  EXPECT_TRUE(stored->progress->held);
  EXPECT_EQ(stored->progress->attempts, 0U);
  scene.world.stop();
}

TEST(LocalDelivery, OperatorsHoldAndBounceIt) {
  Scene scene;
  scene.world.directory.add_account("ada@home.test").quota.messages = 1;
  scene.world.submit_placed({.to = {"ada@home.test"}});
  const MessageId id = scene.world.submit_placed({.to = {"ada@home.test"}});
  scene.world.run_for(minutes(1));
  auto& control = scene.world.delivery().control();
  EXPECT_EQ(scene.world.run(control.apply(0, {id, 0}, QueueAction::hold, "look")),
            ActionResult::done);
  scene.world.run_for(hours(1));
  const auto why = scene.world.run(control.explain(0, {id, 0}));
  ASSERT_TRUE(why.has_value());
  EXPECT_EQ(why->reasons.front().kind, "held");
  EXPECT_EQ(scene.world.run(control.apply(0, {id, 0}, QueueAction::bounce, "no")),
            ActionResult::done);
  EXPECT_EQ(scene.world.open_messages(), 1U);  // the report to acme.example
  scene.world.stop();
}

// Many recipients of one message share its body and its preparation.
TEST(LocalDelivery, ManyRecipientsOfOneMessage) {
  Scene scene;
  Letter letter;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "user" + std::to_string(i) + "@home.test";
    scene.world.directory.add_account(name);
    letter.to.push_back(name);
  }
  scene.world.submit_placed(letter);
  scene.world.run_for(seconds(30));
  EXPECT_EQ(scene.world.open_deliveries(), 0U);
  EXPECT_EQ(scene.world.mails("user0@home.test").size(), 1U);
  EXPECT_EQ(scene.world.mails("user99@home.test").size(), 1U);
  scene.world.stop();
}

// Nothing is lost and nothing comes twice, whenever the process dies.
TEST(LocalDelivery, ACrashLosesNothingAndFilesNothingTwice) {
  std::size_t crashes = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SeededRandom random(seed);
    LocalWorld world(seed, 2);
    world.directory.add_account("ada@home.test");
    world.settings.hostname = "home.test";
    world.settings.crashes_before_hold = 1000;
    store::faults(world.disk()).sync_latency = std::chrono::milliseconds(random.below(20));
    store::faults(world.disk()).cores_write = random.below(2) == 0;
    world.start();
    std::set<std::string> wanted;
    for (int i = 0; i < 30; ++i) {
      Letter letter{.to = {"ada@home.test"}};
      letter.content = "Subject: " + std::to_string(i) + "\r\n\r\nx\r\n";
      wanted.insert(std::string(trace_of_ada) + letter.content);
      world.submit_placed(letter, static_cast<CoreId>(random.below(2)));
      world.run_for(std::chrono::microseconds(random.below(30'000)));
      if (random.below(3) == 0) {
        world.crash(random.below(2) == 0);
        ++crashes;
        world.start();
      }
    }
    world.run_for(hours(1));
    const auto mails = world.mails("ada@home.test");
    EXPECT_EQ(std::set<std::string>(mails.begin(), mails.end()), wanted) << "seed " << seed;
    EXPECT_EQ(mails.size(), wanted.size()) << "something came twice, seed " << seed;
    EXPECT_EQ(world.open_deliveries(), 0U) << "seed " << seed;
    EXPECT_EQ(world.events.count(EventKind::possible_duplicate), 0U);
    world.stop();
  }
  EXPECT_GT(crashes, 100U);
}

}  // namespace
}  // namespace postrider::delivery
