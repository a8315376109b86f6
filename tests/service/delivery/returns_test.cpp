#include "local_world.hpp"

#include <gtest/gtest.h>
#include <optional>

#include <postrider/flow/return_desk.hpp>

// Mail goes out from addresses that tell, when something comes back to them, what it is about.
namespace postrider::delivery {
namespace {

using flow::EventKind;
using flow::ReturnRule;
using std::chrono::hours;
using std::chrono::minutes;

std::string dsn(const std::string& recipient, const std::string& envelope_id = "") {
  return "From: MAILER-DAEMON@mx.away.test\r\nSubject: Undelivered\r\n"
         "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
         "--b\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
         "Reporting-MTA: dns; mx.away.test\r\n" +
         (envelope_id.empty() ? "" : "Original-Envelope-Id: " + envelope_id + "\r\n") +
         "\r\nFinal-Recipient: rfc822; " + recipient +
         "\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 "
         "no\r\n\r\n--b--\r\n";
}

struct Scene {
  explicit Scene(ReturnRule::To to = ReturnRule::To::sender, std::string reader = {})
      : rule{"home.test", "bounces@home.test", to, std::move(reader)},
        mx(world.add_mx("away.test", 10, "mx.away.test", 1)) {
    own.set_secret("secret");
    own.set_rules({rule});
    world.make_returns = [this](CoreId core) {
      ledger.emplace(world.store().facts(core));
      desk.emplace(own, *ledger);
      return &*desk;
    };
    world.directory.add_account("ada@home.test");
    world.directory.add_account("postmaster@home.test");
    world.settings.hostname = "home.test";
    world.start();
  }
  // Out and away; the address that each recipient's host would answer to.
  std::vector<std::string> send(std::vector<std::string> to,
                                const std::string& from = "ada@home.test") {
    world.submit({.from = from, .to = std::move(to)});
    world.run_for(minutes(1));
    std::vector<std::string> out;
    for (const FakeMx::Mail& mail : mx.taken) {
      out.push_back(mail.from);
    }
    return out;
  }
  // As RCPT would have placed it.
  void come_back(const std::string& address, std::string content, const std::string& from = "") {
    world.directory.places[address] = {{store::LocalKind::server, address, ""}};
    world.submit_placed({.from = from, .to = {address}, .content = std::move(content)});
    world.run_for(minutes(1));
  }
  ReturnRule rule;
  flow::OwnAddresses own;
  std::optional<flow::ReturnLedger> ledger;
  std::optional<flow::ReturnDesk> desk;
  LocalWorld world;
  FakeMx& mx;
};

TEST(Returns, EachRecipientIsWrittenToFromAnAddressOfItsOwn) {
  Scene scene;
  const auto from = scene.send({"one@away.test", "two@away.test"});
  ASSERT_EQ(from.size(), 2U);
  for (std::size_t i = 0; i < from.size(); ++i) {
    ASSERT_EQ(scene.mx.taken[i].to.size(), 1U);
    const auto read = scene.own.read(from[i], scene.world.reactor().wall_now());
    ASSERT_TRUE(read) << from[i];
    EXPECT_EQ(read->about.recipient, i);
    const auto sent = scene.world.run(scene.ledger->find(read->about.message));
    ASSERT_TRUE(sent);
    ASSERT_NE(sent->find(read->about), nullptr);
    EXPECT_EQ(*sent->find(read->about), scene.mx.taken[i].to[0]);
    EXPECT_EQ(sent->reverse_path, "ada@home.test");
  }
  scene.world.stop();
}

TEST(Returns, OthersGoOutAsTheyAre) {
  Scene scene;
  const auto from = scene.send({"one@away.test", "two@away.test"}, "x@acme.example");
  ASSERT_EQ(from.size(), 1U);
  EXPECT_EQ(from[0], "x@acme.example");
  EXPECT_EQ(scene.mx.taken[0].to.size(), 2U);
  scene.mx.taken.clear();
  EXPECT_EQ(scene.send({"one@away.test"}, ""), std::vector<std::string>{""});
  scene.world.stop();
}

TEST(Returns, ABounceIsToldAndGoesToWhoSentIt) {
  Scene scene;
  const auto from = scene.send({"one@away.test", "two@away.test"});
  ASSERT_EQ(from.size(), 2U);
  scene.come_back(from[1], dsn("two@away.test"));
  const flow::Event* told = scene.world.events.find(EventKind::bounce_received);
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->to, "two@away.test");
  EXPECT_EQ(told->from, "ada@home.test");
  EXPECT_EQ(told->enhanced, "5.1.1");
  EXPECT_EQ(told->bounce_class, "unknown-recipient");
  EXPECT_EQ(scene.world.events.count(EventKind::bounce_received), 1U);
  const auto mails = scene.world.mails("ada@home.test");
  ASSERT_EQ(mails.size(), 1U);
  EXPECT_NE(mails[0].find("Return-Path: <>\r\n"), std::string::npos);
  EXPECT_EQ(scene.world.open_deliveries(), 0U);
  scene.world.stop();
}

TEST(Returns, SurvivesACrashBetween) {
  Scene scene;
  const auto from = scene.send({"one@away.test"});
  ASSERT_EQ(from.size(), 1U);
  scene.world.crash(true);
  scene.world.start();
  scene.come_back(from[0], dsn("one@away.test"));
  ASSERT_NE(scene.world.events.find(EventKind::bounce_received, "one@away.test"), nullptr);
  EXPECT_EQ(scene.world.mails("ada@home.test").size(), 1U);
  scene.world.stop();
}

TEST(Returns, NobodyKeepsItIfThatIsWanted) {
  Scene scene(ReturnRule::To::nobody);
  const auto from = scene.send({"one@away.test"});
  scene.come_back(from.at(0), dsn("one@away.test"));
  EXPECT_NE(scene.world.events.find(EventKind::bounce_received), nullptr);
  const flow::Event* delivered = scene.world.events.find(EventKind::delivered, from.at(0));
  ASSERT_NE(delivered, nullptr);
  EXPECT_NE(delivered->text.find("kept by nobody"), std::string::npos);
  EXPECT_TRUE(scene.world.mails("ada@home.test").empty());
  EXPECT_EQ(scene.world.open_deliveries(), 0U);
  scene.world.stop();
}

TEST(Returns, SomebodyElseReadsIt) {
  Scene here(ReturnRule::To::address, "postmaster@home.test");
  here.come_back(here.send({"one@away.test"}).at(0), dsn("one@away.test"));
  EXPECT_EQ(here.world.mails("postmaster@home.test").size(), 1U);
  here.world.stop();
  Scene away(ReturnRule::To::address, "desk@away.test");
  away.come_back(away.send({"one@away.test"}).at(0), dsn("one@away.test"));
  ASSERT_EQ(away.mx.taken.size(), 2U);
  EXPECT_EQ(away.mx.taken[1].from, "");  // a bounce stays one
  EXPECT_EQ(away.mx.taken[1].to, std::vector<std::string>{"desk@away.test"});
  away.world.stop();
}

TEST(Returns, WhoIsGoneHasAPostmaster) {
  Scene scene;
  const auto from = scene.send({"one@away.test"}, "left@home.test");
  scene.come_back(from.at(0), dsn("one@away.test"));
  EXPECT_EQ(scene.world.mails("postmaster@home.test").size(), 1U);
  scene.world.stop();
}

// A return address as a sender: what comes back about that has nowhere to go.
TEST(Returns, AReportAboutAReportEnds) {
  Scene scene;
  const auto first = scene.send({"one@away.test"});
  const auto second = scene.send({"two@away.test"}, first.at(0));
  ASSERT_EQ(second.size(), 2U);
  scene.come_back(second[1], dsn("two@away.test"));
  const flow::Event* delivered = scene.world.events.find(EventKind::delivered, second[1]);
  ASSERT_NE(delivered, nullptr);
  EXPECT_TRUE(delivered->text.starts_with("dropped")) << delivered->text;
  EXPECT_EQ(scene.world.open_deliveries(), 0U);
  EXPECT_TRUE(scene.world.mails("ada@home.test").empty());
  scene.world.stop();
}

// It is tried again while there is no room, and told once.
TEST(Returns, IsToldOnce) {
  Scene scene;
  const auto from = scene.send({"one@away.test"});
  scene.world.directory.add_account("ada@home.test").quota.size_bytes = 10;
  scene.come_back(from.at(0), dsn("one@away.test"));
  scene.world.run_for(hours(3));
  EXPECT_NE(scene.world.events.find(EventKind::deferred), nullptr);
  scene.world.directory.add_account("ada@home.test").quota.size_bytes = 0;
  scene.world.run_for(hours(5));
  EXPECT_EQ(scene.world.mails("ada@home.test").size(), 1U);
  EXPECT_EQ(scene.world.events.count(EventKind::bounce_received), 1U);
  scene.world.stop();
}

TEST(Returns, AReportToAMailboxIsMatchedByItsEnvelopeId) {
  Scene scene;
  const MessageId id = scene.world.submit({.from = "ada@home.test", .to = {"one@away.test"}});
  scene.world.run_for(minutes(1));
  scene.world.submit_placed(
      {.from = "",
       .to = {"ada@home.test"},
       .content = dsn("one@away.test", scene.own.envelope_id(scene.rule, id))});
  scene.world.run_for(minutes(1));
  const flow::Event* told = scene.world.events.find(EventKind::bounce_received);
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->id, id);
  EXPECT_EQ(scene.world.mails("ada@home.test").size(), 1U);
  scene.world.submit_placed(
      {.from = "", .to = {"ada@home.test"}, .content = dsn("one@away.test", id.text())});
  scene.world.run_for(minutes(1));
  EXPECT_EQ(scene.world.events.count(EventKind::bounce_received), 1U);
  scene.world.stop();
}

TEST(Returns, PostsOfAListComeBackForTheirMember) {
  Scene scene;
  scene.world.directory.add_list("news@home.test", {"one@away.test", "two@away.test"});
  scene.world.submit_placed({.to = {"news@home.test"}});
  scene.world.run_for(minutes(1));
  ASSERT_EQ(scene.mx.taken.size(), 2U);
  scene.come_back(scene.mx.taken[1].from, dsn("forwarded@third.test"));
  const flow::Event* told = scene.world.events.find(EventKind::bounce_received);
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->to, scene.mx.taken[1].to[0]);
  EXPECT_EQ(told->from, "news-bounces@home.test");
  scene.world.stop();
}

}  // namespace
}  // namespace postrider::delivery
