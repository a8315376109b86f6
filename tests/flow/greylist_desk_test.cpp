// Greylisting where it happens: at the end of a message, on any core, over a restart.
#include "../policy/table_resolver.hpp"
#include "../store/store_fixture.hpp"
#include "intake_fixture.hpp"

#include <gtest/gtest.h>
#include <string>

#include <postrider/flow/greylist_desk.hpp>
#include <postrider/flow/list_desk.hpp>

namespace postrider::flow {
namespace {

using std::chrono::minutes;

class GreylistDeskTest : public IntakeFixture {
 protected:
  GreylistDeskTest() {
    conversation.door = Door::inbound;
    conversation.account.clear();
    conversation.protocol = "ESMTP";
    transaction.reverse_path = "joe@a.example";
    transaction.recipients = {{"user@here.example", "", {}}};
    settings.greylists = true;
    open();
  }
  ~GreylistDeskTest() override { close(); }
  void open() {
    home = std::make_unique<GreylistHome>(reactor, store->facts(0), policy::GreylistSettings{});
    simulation->run(home->load());
    home->start();
    desk.emplace(*simulation, reactor, *home);
    intake = make_intake({.reactor = reactor,
                          .queue = store->queue(0),
                          .events = events,
                          .resolver = &dns,
                          .lists = &lists,
                          .greylist = &*desk},
                         settings);
  }
  void close() {
    intake.reset();
    if (home) {
      simulation->run(home->drain());
      home.reset();
    }
  }
  Result<MessageId, IntakeError> send_one() {
    return send("From: joe@a.example\r\n\r\nHello.\r\n");
  }
  engine::Reactor& reactor = simulation->reactor(0);
  policy::TableResolver dns{reactor};
  ListDesk lists{{reactor, dns, events},
                 {.addresses = {{"wl.example", policy::DnsListAction::allow}}}};
  std::unique_ptr<GreylistHome> home;
  std::optional<GreylistDesk> desk;
};

TEST_F(GreylistDeskTest, AStrangerIsToldToComeBackAndIsTaken) {
  const auto first = send_one();
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().kind, IntakeFailure::deferred);
  EXPECT_EQ(first.error().code, 450);
  EXPECT_EQ(first.error().enhanced, "4.7.1");
  EXPECT_EQ(first.error().reply, "Greylisted: please try again in 300 s");
  ASSERT_FALSE(events.events.empty());
  EXPECT_EQ(events.events.back().kind, EventKind::refused);
  EXPECT_EQ(events.events.back().code, 450);
  EXPECT_TRUE(events.events.back().text.starts_with("greylisted")) << events.events.back().text;
  simulation->run_for(minutes(6));
  const auto second = send_one();
  ASSERT_TRUE(second) << second.error().text;
  EXPECT_TRUE(read(*second).contains("X-Postrider-Verdict: tag; greylisted: came back after 360 s"))
      << read(*second);
  EXPECT_TRUE(events.events.back().text.contains("greylisted: came back"))
      << events.events.back().text;
  EXPECT_TRUE(send_one()) << "it has shown that it retries";
  simulation->run_for(std::chrono::seconds(1));  // nobody waits for what is learnt
  EXPECT_EQ(home->list().list("192.0.2.0/24", 1).at(0).good, 2U);
}

TEST_F(GreylistDeskTest, OnlyWhatComesInFromStrangersIsAsked) {
  conversation.door = Door::submission;
  conversation.account = "joe@a.example";
  EXPECT_TRUE(send_one());
  conversation.door = Door::lmtp;
  EXPECT_TRUE(send_one());
  conversation.door = Door::inbound;
  conversation.account.clear();
  EXPECT_FALSE(send_one());
  conversation.listings = {{"wl.example", policy::DnsListAction::allow, "127.0.1.1", ""}};
  EXPECT_TRUE(send_one()) << "a list vouches for it";
  conversation.listings.clear();
  settings.not_greylisted = {*IpNetwork::parse("192.0.2.0/24")};
  close();
  open();
  EXPECT_TRUE(send_one());
}

TEST_F(GreylistDeskTest, ADomainThatDmarcProvesIsKnownFromAnywhere) {
  dns.txt("a.example", "v=spf1 ip4:192.0.2.7 ip4:203.0.113.0/24 -all");
  dns.txt("_dmarc.a.example", "v=DMARC1; p=reject");
  EXPECT_FALSE(send_one());
  simulation->run_for(minutes(6));
  EXPECT_TRUE(send_one());
  conversation.peer.ip = *IpAddress::parse("203.0.113.9");
  EXPECT_TRUE(send_one());
  EXPECT_EQ(home->list().counters().known_domain, 1U);
  dns.records.clear();
  conversation.peer.ip = *IpAddress::parse("203.0.114.9");
  EXPECT_FALSE(send_one()) << "nothing proves it any more";
}

TEST_F(GreylistDeskTest, ARestartForgetsNothing) {
  EXPECT_FALSE(send_one());
  close();
  open();
  simulation->run_for(minutes(6));
  EXPECT_TRUE(send_one());
  close();
  open();
  EXPECT_TRUE(send_one());
  EXPECT_EQ(home->list().counters().retries, 1U);
}

TEST_F(GreylistDeskTest, WhatIsLearntIsOnDiskWithinAMinute) {
  EXPECT_FALSE(send_one());
  EXPECT_TRUE(
      store::await(*simulation, store->facts(0).list(store::FactKind::greylist, "", 10))->empty());
  simulation->run_for(GreylistHome::write_every + std::chrono::seconds(1));
  const auto kept =
      store::await(*simulation, store->facts(0).list(store::FactKind::greylist, "", 10));
  ASSERT_EQ(kept->size(), 1U);
  EXPECT_EQ(kept->at(0).name, "t 192.0.2.0/24 a.example user@here.example");
  // What can't be read is swept at the next start.
  std::vector<store::Fact> bad;
  bad.push_back({"n rubbish", "?"});
  ASSERT_TRUE(
      store::await(*simulation, store->facts(0).save(store::FactKind::greylist, std::move(bad))));
  close();
  open();
  EXPECT_EQ(home->list().counters().networks, 0U);
  EXPECT_EQ(
      store::await(*simulation, store->facts(0).list(store::FactKind::greylist, "", 10))->size(),
      1U);
}

TEST(GreylistCores, AskTheOneHome) {
  auto simulation = engine::Simulation::create({.cores = 2});
  auto disk = store::Store::make_memory_disk();
  auto store = store::Store::open_memory(disk, *simulation);
  {
    GreylistHome home(simulation->reactor(0), store->facts(0), {});
    GreylistDesk first(*simulation, simulation->reactor(0), home);
    GreylistDesk second(*simulation, simulation->reactor(1), home);
    const policy::GreylistSubject subject{
        *IpAddress::parse("192.0.2.7"), "a@a.example", {"u@h.example"}, ""};
    std::optional<policy::GreylistDecision> by_second;
    simulation->reactor(1).spawn(
        [](GreylistDesk& desk, policy::GreylistSubject asked,
           std::optional<policy::GreylistDecision>& out) -> engine::Task<void> {
          out = co_await desk.ask(std::move(asked));
        }(second, subject, by_second));
    simulation->run_until_idle();
    ASSERT_TRUE(by_second);
    EXPECT_EQ(by_second->answer, policy::GreylistAnswer::fresh);
    EXPECT_EQ(store::await(*simulation, first.ask(subject)).answer, policy::GreylistAnswer::early);
    second.learn(subject.client, "", true);
    simulation->run_until_idle();
    EXPECT_EQ(home.list().counters().networks, 1U);
  }
  store->close();
  simulation->run_until_idle();
}

}  // namespace
}  // namespace postrider::flow
