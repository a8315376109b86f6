#include "delivery_world.hpp"

#include <gtest/gtest.h>

// The way of single messages: what goes over the wire, what is recorded, who hears of it.
namespace postrider::delivery {
namespace {

using flow::EventKind;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Delivery, DeliversToTheMxAndForgets) {
  World world;
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  world.start();
  const MessageId id = world.submit({.to = {"user@example.org"}});
  world.run_for(seconds(5));
  ASSERT_EQ(mx.taken.size(), 1U);
  EXPECT_EQ(mx.taken[0].from, "sender@acme.example");
  EXPECT_EQ(mx.taken[0].to, std::vector<std::string>{"user@example.org"});
  EXPECT_EQ(mx.taken[0].content, "Subject: hello\r\n\r\n.dot\r\nbody\r\n");
  EXPECT_EQ(world.open_deliveries(), 0U);
  const flow::Event* event = world.events.find(EventKind::delivered);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->id, id);
  EXPECT_EQ(event->code, 250);
  EXPECT_EQ(event->remote, "mx.example.org [192.0.2.1]:25");
  EXPECT_EQ(event->attempt, 1U);
  EXPECT_GE(event->duration.transaction, 0);
  EXPECT_GE(event->duration.queue, 0);
  world.stop();
}

TEST(Delivery, OneMessageToSeveralDomainsAndRecipients) {
  World world(1, 2);
  FakeMx& a = world.add_mx("a.test", 10, "mx.a.test", 1);
  FakeMx& b = world.add_mx("b.test", 10, "mx.b.test", 2);
  world.start();
  world.submit({.to = {"x@a.test", "y@b.test", "z@a.test"}});
  world.run_for(seconds(5));
  ASSERT_EQ(a.taken.size(), 1U);
  EXPECT_EQ(a.taken[0].to, (std::vector<std::string>{"x@a.test", "z@a.test"}));
  ASSERT_EQ(b.taken.size(), 1U);
  EXPECT_EQ(world.open_deliveries(), 0U);
  EXPECT_EQ(world.events.count(EventKind::delivered), 3U);
  world.stop();
}

TEST(Delivery, AHostThatBreaksOffAfterTheMessageIsAskedLast) {
  World world;
  FakeMx& bad = world.add_mx("example.org", 5, "mx1.example.org", 1);
  FakeMx& good = world.add_mx("example.org", 10, "mx2.example.org", 2);
  bad.manners.on_content = [](const FakeMx::Mail&, const std::string&) { return "!"; };
  world.start();
  world.submit({.to = {"user@example.org"}});
  world.run_for(hours(1));
  EXPECT_EQ(bad.taken.size(), 1U) << "in doubt, but not once an attempt";
  EXPECT_EQ(good.taken.size(), 1U);
  EXPECT_EQ(world.open_deliveries(), 0U);
  world.stop();
}

TEST(Delivery, EachRecipientHasItsOwnOutcome) {
  World world;
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  FakeMx& home = world.add_mx("acme.example", 10, "mx.acme.example", 2);
  bool is_full = true;
  mx.manners.on_rcpt = [&](const std::string& address) {
    return address.starts_with("bad")               ? "550 5.1.1 no such user"
           : address.starts_with("full") && is_full ? "452 4.2.2 mailbox full"
                                                    : "250 2.1.5 ok";
  };
  world.start();
  world.submit({.to = {"good@example.org", "bad@example.org", "full@example.org"}});
  world.run_for(seconds(10));
  ASSERT_EQ(mx.taken.size(), 1U);
  EXPECT_EQ(mx.taken[0].to, std::vector<std::string>{"good@example.org"});
  EXPECT_NE(world.events.find(EventKind::bounced, "bad@example.org"), nullptr);
  EXPECT_NE(world.events.find(EventKind::deferred, "full@example.org"), nullptr);
  // The report about the bad one is on its way before the full one is done.
  ASSERT_EQ(home.taken.size(), 1U);
  EXPECT_EQ(home.taken[0].from, "");
  EXPECT_NE(home.taken[0].content.find("bad@example.org"), std::string::npos);
  EXPECT_EQ(home.taken[0].content.find("full@example.org"), std::string::npos);
  EXPECT_NE(home.taken[0].content.find("5.1.1"), std::string::npos);
  is_full = false;
  world.run_for(minutes(6));
  ASSERT_EQ(mx.taken.size(), 2U);
  EXPECT_EQ(mx.taken[1].to, std::vector<std::string>{"full@example.org"});
  EXPECT_EQ(world.open_deliveries(), 0U);
  world.stop();
}

TEST(Delivery, FiveDaysOfRetriesAtTheirExactTimes) {
  World world;
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  FakeMx& home = world.add_mx("acme.example", 10, "mx.acme.example", 2);
  mx.manners.on_rcpt = [](const std::string&) { return "450 4.2.1 try later"; };
  world.start();
  const WallTime begin = world.reactor().wall_now();
  world.submit({.to = {"user@example.org"}});
  world.run_for(hours(24 * 6));
  std::vector<Duration> wanted{{}};
  Duration at{};
  for (const Duration step : {Duration(minutes(5)), Duration(minutes(10)), Duration(minutes(20)),
                              Duration(minutes(40)), Duration(hours(1)), Duration(hours(2))}) {
    wanted.push_back(at += step);
  }
  while (at < hours(120)) {
    wanted.push_back(at = std::min<Duration>(at + hours(4), hours(120)));
  }
  std::vector<Duration> found;
  for (const flow::Event& event : world.events.events) {
    if (event.kind == EventKind::deferred || event.kind == EventKind::expired) {
      found.push_back(event.time - begin);
    }
  }
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    // Each attempt takes some network time, which adds up.
    EXPECT_NEAR(static_cast<double>((found[i] - wanted[i]).count()), 0, 5e9) << "attempt " << i + 1;
  }
  EXPECT_EQ(world.events.count(EventKind::expired), 1U);
  EXPECT_EQ(world.events.count(EventKind::warned), 1U);
  ASSERT_EQ(home.taken.size(), 2U) << "a warning and a failure";
  EXPECT_NE(home.taken[0].content.find("delayed"), std::string::npos);
  EXPECT_NE(home.taken[1].content.find("5.4.7"), std::string::npos);
  EXPECT_EQ(world.open_deliveries(), 0U);
  world.stop();
}

TEST(Delivery, ReportsCauseNoReportsAndTheNullSenderGetsNone) {
  World world;
  FakeMx& home = world.add_mx("acme.example", 10, "mx.acme.example", 2);
  home.manners.on_rcpt = [](const std::string&) { return "550 5.1.1 no such sender"; };
  world.start();
  world.submit({.to = {"user@nowhere.test"}});
  world.submit({.from = "", .to = {"user@nowhere.test"}});
  world.run_for(hours(24));
  EXPECT_EQ(world.events.count(EventKind::bounced), 3U) << "two messages and one report";
  EXPECT_EQ(world.open_deliveries(), 0U);
  EXPECT_EQ(world.events.find(EventKind::bounced, "user@nowhere.test")->enhanced, "5.1.2");
  world.stop();
}

TEST(Delivery, WhatDnsSaysDecides) {
  World world;
  world.dns.add_mx("null.test", 0, "");
  world.dns.add_mx("self.test", 10, "out.test");
  world.dns.add_address("out.test", IpAddress::v4({192, 0, 2, 99}));
  FakeMx& late = world.add_mx("late.test", 10, "mx.late.test", 1);
  world.dns.set_broken("late.test", true);
  world.start();
  world.submit({.from = "", .to = {"a@null.test", "b@self.test", "c@late.test"}});
  world.run_for(minutes(1));
  EXPECT_EQ(world.events.find(EventKind::bounced, "a@null.test")->enhanced, "5.1.10");
  EXPECT_EQ(world.events.find(EventKind::bounced, "b@self.test")->enhanced, "5.4.6");
  ASSERT_NE(world.events.find(EventKind::deferred, "c@late.test"), nullptr);
  EXPECT_EQ(world.events.find(EventKind::deferred, "c@late.test")->enhanced, "4.4.3");
  world.run_for(hours(100));
  EXPECT_EQ(world.events.count(EventKind::bounced), 2U) << "DNS that is down never bounces";
  world.dns.set_broken("late.test", false);
  world.run_for(hours(5));
  EXPECT_EQ(late.taken.size(), 1U);
  EXPECT_EQ(world.open_deliveries(), 0U);
  world.stop();
}

TEST(Delivery, ManyRecipientsAreSplit) {
  World world;
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  std::size_t in_transaction = 0;
  mx.manners.on_mail = [&](const std::string&) {
    in_transaction = 0;
    return "250 ok";
  };
  mx.manners.on_rcpt = [&](const std::string&) {
    return ++in_transaction > 30 ? "452 4.5.3 too many recipients" : "250 2.1.5 ok";
  };
  world.start();
  Letter letter;
  for (int i = 0; i < 250; ++i) {
    letter.to.push_back("u" + std::to_string(i) + "@example.org");
  }
  world.submit(letter);
  world.run_for(minutes(1));
  std::size_t delivered = 0;
  for (const FakeMx::Mail& mail : mx.taken) {
    EXPECT_LE(mail.to.size(), 30U);
    delivered += mail.to.size();
  }
  EXPECT_EQ(delivered, 250U);
  EXPECT_EQ(mx.connections, 1U);
  EXPECT_EQ(world.open_deliveries(), 0U);
  world.stop();
}

TEST(Delivery, ReusesAConnectionAndNoticesThatItHasDied) {
  World world;
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  world.start();
  for (int i = 0; i < 5; ++i) {
    world.submit({.to = {"user@example.org"}});
    world.run_for(seconds(2));
  }
  EXPECT_EQ(mx.taken.size(), 5U);
  EXPECT_EQ(mx.connections, 1U);
  world.run_for(seconds(30));
  EXPECT_EQ(mx.open, 0U) << "an idle connection is closed";
  EXPECT_EQ(mx.commands.back(), "QUIT");
  // The server closes while the connection is idle.
  mx.manners.on_content = [](const FakeMx::Mail&, const std::string&) { return "250 taken"; };
  world.submit({.to = {"user@example.org"}});
  world.run_for(seconds(2));
  world.simulation().set_host(mx.address(), engine::Simulation::HostState::down);
  world.simulation().set_host(mx.address(), engine::Simulation::HostState::up);
  world.submit({.to = {"user@example.org"}});
  world.run_for(seconds(2));
  EXPECT_EQ(mx.taken.size(), 7U);
  EXPECT_EQ(world.open_deliveries(), 0U);
  EXPECT_EQ(world.events.count(EventKind::deferred), 0U);
  world.stop();
}

TEST(Delivery, FallsBackToTheNextHostInsideOneAttempt) {
  struct Row {
    std::string_view what;
    std::function<void(World&, FakeMx&)> spoil;
  };
  const Row rows[] = {
      {"refused",
       [](World& world, FakeMx& mx) {
         world.simulation().set_host(mx.address(), engine::Simulation::HostState::down);
       }},
      {"unreachable",
       [](World& world, FakeMx& mx) {
         world.simulation().set_host(mx.address(), engine::Simulation::HostState::unreachable);
       }},
      {"421", [](World&, FakeMx& mx) { mx.manners.greeting = "421 4.3.2 busy"; }},
      {"554", [](World&, FakeMx& mx) { mx.manners.greeting = "554 5.7.1 not you"; }},
      {"stalls", [](World&, FakeMx& mx) { mx.manners.greeting = "stall"; }},
      {"nonsense", [](World&, FakeMx& mx) { mx.manners.greeting = "HTTP/1.1 400 Bad Request"; }},
      {"closes at MAIL", [](World&, FakeMx& mx) { mx.manners.on_mail = [](auto&) { return ""; }; }},
      {"421 at RCPT",
       [](World&, FakeMx& mx) { mx.manners.on_rcpt = [](auto&) { return "421 4.3.2 busy"; }; }},
  };
  for (const Row& row : rows) {
    World world;
    FakeMx& first = world.add_mx("example.org", 10, "mx1.example.org", 1);
    FakeMx& second = world.add_mx("example.org", 20, "mx2.example.org", 2);
    row.spoil(world, first);
    world.start();
    world.submit({.to = {"user@example.org"}});
    world.run_for(minutes(6));
    EXPECT_EQ(first.taken.size(), 0U) << row.what;
    EXPECT_EQ(second.taken.size(), 1U) << row.what;
    EXPECT_EQ(world.events.count(EventKind::deferred), 0U) << row.what;
    EXPECT_EQ(world.open_deliveries(), 0U) << row.what;
    world.stop();
  }
}

TEST(Delivery, ALostFinalReplyIsNotAskedAgainAtOnce) {
  World world;
  FakeMx& first = world.add_mx("example.org", 10, "mx1.example.org", 1);
  FakeMx& second = world.add_mx("example.org", 20, "mx2.example.org", 2);
  bool loses = true;
  first.manners.on_content = [&](const FakeMx::Mail&, const std::string&) {
    return std::exchange(loses, false) ? "!" : "250 taken";
  };
  world.start();
  world.submit({.to = {"user@example.org"}});
  world.run_for(minutes(1));
  EXPECT_EQ(first.taken.size(), 1U);
  EXPECT_EQ(second.taken.size(), 0U);
  EXPECT_EQ(world.events.count(EventKind::deferred), 1U);
  world.run_for(minutes(10));
  EXPECT_EQ(first.taken.size() + second.taken.size(), 2U) << "a duplicate is better than a loss";
  EXPECT_EQ(world.open_deliveries(), 0U);
  world.stop();
}

TEST(Delivery, WhatTheServerCannotTakeBouncesWithTheCodeThatFits) {
  World world;
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  mx.manners.extensions = {"PIPELINING", "SIZE 50"};
  world.start();
  world.submit({.from = "", .to = {"a@example.org"}, .content = std::string(60, 'x') + "\r\n"});
  world.submit(
      {.from = "", .to = {"b@example.org"}, .content = "x: \xe9\r\n\r\n", .eight_bit = true});
  world.submit({.from = "", .to = {"\xc3\xa9@example.org"}});
  world.run_for(minutes(1));
  EXPECT_EQ(world.events.find(EventKind::bounced, "a@example.org")->enhanced, "5.3.4");
  EXPECT_EQ(world.events.find(EventKind::bounced, "b@example.org")->enhanced, "5.6.3");
  EXPECT_EQ(world.events.find(EventKind::bounced, "\xc3\xa9@example.org")->enhanced, "5.6.7");
  EXPECT_EQ(mx.taken.size(), 0U);
  world.stop();
}

TEST(Delivery, LmtpRoutesAnswerForEachRecipient) {
  World world;
  FakeMx& store = world.add_server(7, 24);
  store.manners.lmtp = true;
  store.manners.on_content = [](const FakeMx::Mail&, const std::string& address) {
    return address.starts_with("full") ? "452 4.2.2 full" : "250 2.1.5 kept";
  };
  policy::Route route{policy::DomainPattern("local.test"),
                      {*policy::NextHop::parse("192.0.2.7:24")}};
  route.protocol = policy::RouteProtocol::lmtp;
  world.settings.routes = policy::RouteTable({route});
  world.start();
  world.submit({.to = {"a@local.test", "full@local.test"}});
  world.run_for(minutes(1));
  EXPECT_EQ(store.taken.size(), 1U);
  EXPECT_NE(world.events.find(EventKind::delivered, "a@local.test"), nullptr);
  EXPECT_NE(world.events.find(EventKind::deferred, "full@local.test"), nullptr);
  world.stop();
}

TEST(Delivery, LargeMessagesGoOutInChunks) {
  World world;
  FakeMx& mx = world.add_mx("example.org", 10, "mx.example.org", 1);
  for (const bool chunking : {false, true}) {
    if (chunking) {
      mx.manners.extensions.push_back("CHUNKING");
    }
    mx.taken.clear();
    world.start();
    std::string content = "Subject: large\r\n\r\n";
    auto staged = world.queue().stage();
    auto message = world.compose({.to = {"user@example.org"}});
    auto envelope = std::make_shared<store::Envelope>(*message.envelope);
    envelope->id = staged->id();
    std::string first = content;
    while (first.size() < store::QueueStore::chunk_octets) {
      first += ".line of text\r\n";
    }
    first.resize(store::QueueStore::chunk_octets);
    const std::string second(500'000, 'b');
    const std::string third = "\r\n.\r\nend\r\n";
    ASSERT_TRUE(world.run(staged->append(second)).has_value());
    ASSERT_TRUE(world.run(staged->append(third)).has_value());
    envelope->body_chunks = 3;
    envelope->size_octets = first.size() + second.size() + third.size();
    ASSERT_TRUE(world.run(world.queue().commit({envelope, SharedOctets(first)}, std::move(staged)))
                    .has_value());
    world.run_for(minutes(1));
    ASSERT_EQ(mx.taken.size(), 1U);
    EXPECT_TRUE(mx.taken[0].content == first + second + third) << "chunking " << chunking;
    EXPECT_EQ(world.open_deliveries(), 0U);
    world.stop();
  }
}

}  // namespace
}  // namespace postrider::delivery
