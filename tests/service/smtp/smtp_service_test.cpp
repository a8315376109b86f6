// The service on the simulated engine and the in-memory store: what a client sees, what is stored.
#include "service_fixture.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace postrider::smtp {
namespace {

TEST_F(SmtpServiceTest, ASubmissionIsDurableWhenItIsAnswered) {
  const auto to = start_submission();
  const auto replies = converse(
      to, {"EHLO client.example", login, "MAIL FROM:<user@example.org> BODY=8BITMIME RET=HDRS",
           "RCPT TO:<friend@example.net> NOTIFY=SUCCESS", "DATA", message, "QUIT"});
  ASSERT_EQ(replies.size(), 8U);
  EXPECT_EQ(replies[0], "220 mail.example.org ESMTP Postrider");
  EXPECT_TRUE(replies[1].ends_with("250 AUTH SCRAM-SHA-256 PLAIN LOGIN")) << replies[1];
  EXPECT_EQ(replies[2], "235 2.7.0 Authentication succeeded");
  EXPECT_TRUE(replies[6].starts_with("250 2.0.0 Ok: queued as ")) << replies[6];
  EXPECT_EQ(replies[7], "221 2.0.0 Bye");
  ASSERT_EQ(feed.entries.size(), 1U);
  const store::Envelope& envelope = *feed.entries[0].envelope;
  EXPECT_TRUE(replies[6].ends_with(envelope.id.text()));
  EXPECT_EQ(envelope.tenant, "acme");
  EXPECT_EQ(envelope.account, "user@example.org");
  EXPECT_EQ(envelope.ret, store::Return::headers);
  EXPECT_TRUE(envelope.eight_bit);
  EXPECT_TRUE(envelope.destinations[0].recipients[0].notify.success);
  EXPECT_TRUE(feed.entries[0].octets.view().contains("with ESMTPA id "));
  store::power_cut(*disk);  // what was answered 250 survives it
}

TEST_F(SmtpServiceTest, AccountsSendAsTheyMay) {
  const auto to = start_submission();
  const auto replies = converse(
      to, {"HELO c", "MAIL FROM:<user@example.org>", login, "MAIL FROM:<boss@example.org>",
           "MAIL FROM:<sales@example.org>", "RCPT TO:<a@b.example>", "RCPT TO:<a@b..example>",
           "RCPT TO:<a@xn--a-.example>", "DATA", "From: boss@example.org\r\n\r\n."});
  EXPECT_TRUE(replies[2].starts_with("530 5.7.0"));
  EXPECT_TRUE(replies[4].starts_with("553 5.7.1"));
  EXPECT_TRUE(replies[5].starts_with("250"));
  EXPECT_TRUE(replies[6].starts_with("250"));
  EXPECT_TRUE(replies[7].starts_with("501 5.1.3"));
  EXPECT_TRUE(replies[8].starts_with("5")) << replies[8];
  EXPECT_TRUE(replies[10].starts_with("550 5.7.1 From not allowed")) << replies[10];
  EXPECT_TRUE(feed.entries.empty());
}

TEST_F(SmtpServiceTest, WrongPasswordsAreRefusedAndCounted) {
  const auto to = start_submission();
  const std::string wrong =
      "AUTH PLAIN " + encode_base64(std::string("\0user@example.org\0wrong", 23));
  const auto replies = converse(to, {"HELO c", wrong, wrong, wrong, "NOOP"});
  EXPECT_TRUE(replies[2].starts_with("535 5.7.8"));
  EXPECT_TRUE(replies[4].starts_with("535 5.7.8"));
  EXPECT_TRUE(replies[5].starts_with("421 4.7.0"));
  ASSERT_GE(events.events.size(), 2U);
  for (const flow::Event& event : events.events) {
    EXPECT_EQ(event.kind, flow::EventKind::login_failed);
    EXPECT_TRUE(event.text.contains("user@example.org")) << event.text;

    EXPECT_TRUE(event.remote.starts_with("127.0.0.1:")) << event.remote;
  }
}

TEST_F(SmtpServiceTest, ARefusedRecipientIsToldOf) {
  const auto to = start({.door = flow::Door::inbound});
  const auto replies = converse(to, {"EHLO c", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>",
                                     "RCPT TO:<u@local.example>", "QUIT"});
  ASSERT_EQ(events.events.size(), 1U);
  const flow::Event& event = events.events[0];
  EXPECT_EQ(event.kind, flow::EventKind::refused);
  EXPECT_EQ(event.from, "a@b.example");
  EXPECT_EQ(event.to, "c@d.example");
  EXPECT_EQ(event.code, 550);
  EXPECT_FALSE(event.enhanced.empty());
}

TEST_F(SmtpServiceTest, WhatTheSessionRefusesIsToldOf) {
  const auto to = start({.door = flow::Door::relay});
  (void)converse(to, {"EHLO c", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "RSET",
                      "MAIL FROM:<other@b.example>", "RCPT TO:<no address>"});
  ASSERT_EQ(events.events.size(), 2U);
  EXPECT_EQ(events.events[0].kind, flow::EventKind::refused);
  EXPECT_EQ(events.events[0].from, "a@b.example");
  EXPECT_EQ(events.events[0].to, "c@d.example");
  EXPECT_EQ(events.events[0].code, 550);
  EXPECT_EQ(events.events[0].enhanced, "5.7.1");
  EXPECT_TRUE(events.events[0].remote.starts_with("127.0.0.1:")) << events.events[0].remote;
  EXPECT_EQ(events.events[1].from, "other@b.example");
  EXPECT_EQ(events.events[1].to, "no address");
  EXPECT_EQ(events.events[1].code, 501);
}

TEST_F(SmtpServiceTest, NobodyFillsTheLogWithRefusals) {
  ListenerSettings listener{.door = flow::Door::inbound};
  settings.rules.recipients_max = 1;
  settings.rules.idle_commands_max = 10'000;
  const auto to = start(std::move(listener));
  std::vector<std::string> commands = {"EHLO c", "MAIL FROM:<a@b.example>",
                                       "RCPT TO:<u@local.example>"};
  commands.resize(commands.size() + 300, "RCPT TO:<v@local.example>");
  (void)converse(to, commands);
  ASSERT_EQ(events.events.size(), 100U);
  EXPECT_FALSE(events.events[98].text.contains("no more"));
  EXPECT_TRUE(events.events[99].text.contains("no more of this connection is told"));
}

TEST_F(SmtpServiceTest, OnlyAllowedNetworksRelay) {
  const auto nobody = start({.door = flow::Door::relay});
  const auto local =
      start({.door = flow::Door::relay, .allow = {*IpNetwork::parse("127.0.0.0/8")}});
  const auto other = start({.door = flow::Door::relay, .allow = {*IpNetwork::parse("10.0.0.0/8")}});
  const std::vector<std::string> commands = {"EHLO c", "MAIL FROM:<a@b.example>",
                                             "RCPT TO:<c@d.example>"};
  EXPECT_TRUE(converse(nobody, commands)[3].starts_with("550 5.7.1"));
  EXPECT_TRUE(converse(local, commands)[3].starts_with("250 2.1.5"));
  EXPECT_TRUE(converse(other, commands)[3].starts_with("550 5.7.1"));
}

TEST_F(SmtpServiceTest, InboundTakesWhatIsOurs) {
  const auto to = start({.door = flow::Door::inbound});
  const auto replies = converse(to, {"EHLO c", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>",
                                     "RCPT TO:<u@local.example>", "DATA", "bare\nLF\r\n.", "QUIT"});
  EXPECT_TRUE(replies[3].starts_with("550 5.7.1"));
  EXPECT_TRUE(replies[4].starts_with("250 2.1.5"));
  EXPECT_TRUE(replies[6].starts_with("550 5.6.0")) << replies[6];
}

TEST_F(SmtpServiceTest, AFullDiskIsSaid) {
  const auto to = start({.door = flow::Door::relay, .allow = {*IpNetwork::parse("127.0.0.0/8")}});
  store::faults(*disk).full = true;
  const auto replies = converse(to, {"EHLO c", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>",
                                     "DATA", "x: y\r\n\r\n.", "MAIL FROM:<a@b.example>"});
  EXPECT_TRUE(replies[5].starts_with("452 4.3.1")) << replies[5];
  EXPECT_TRUE(replies[6].starts_with("250"));
}

TEST_F(SmtpServiceTest, SilenceAndDrippingEnd) {
  const auto to = start_submission();
  struct Local {
    static engine::Task<void> silent(engine::Reactor& reactor, SocketAddress where,
                                     std::string* last) {
      Client client(reactor, where);
      EXPECT_TRUE(co_await client.connect());
      (void)co_await client.hear();  // the greeting
      *last = co_await client.hear();
    }
    static engine::Task<void> drip(engine::Reactor& reactor, SocketAddress where,
                                   std::string* last) {
      Client client(reactor, where);
      EXPECT_TRUE(co_await client.connect());
      (void)co_await client.hear();  // the greeting
      for (int i = 0; i < 20; ++i) {
        co_await client.send("N");
        (void)co_await reactor.sleep_for(std::chrono::minutes(1));  // nobody cancels
      }
      *last = co_await client.hear();
    }
  };
  std::string last;
  MonoTime begun = reactor.now();
  simulation->run(Local::silent(reactor, to, &last));
  EXPECT_EQ(last, "421 4.4.2 Timeout");
  EXPECT_GE(reactor.now() - begun, std::chrono::minutes(5));
  EXPECT_LT(reactor.now() - begun, std::chrono::minutes(6));
  last.clear();
  simulation->run(Local::drip(reactor, to, &last));
  EXPECT_EQ(last, "421 4.4.2 Timeout") << "a command is timed as a whole";
}

TEST_F(SmtpServiceTest, TooManyConnectionsOfOnePeer) {
  settings.limits.sessions_per_peer = 2;
  const auto to = start_submission();
  struct Local {
    static engine::Task<void> run(engine::Reactor& reactor, SocketAddress where,
                                  std::vector<std::string>* greetings) {
      Client a(reactor, where);
      Client b(reactor, where);
      Client c(reactor, where);
      for (Client* client : {&a, &b, &c}) {
        EXPECT_TRUE(co_await client->connect());
        greetings->push_back(co_await client->hear());
      }
      a.drop();
      (void)co_await reactor.sleep_for(std::chrono::seconds(1));  // nobody cancels
      Client d(reactor, where);
      EXPECT_TRUE(co_await d.connect());
      greetings->push_back(co_await d.hear());
    }
  };
  std::vector<std::string> greetings;
  simulation->run(Local::run(reactor, to, &greetings));
  ASSERT_EQ(greetings.size(), 4U);
  EXPECT_TRUE(greetings[1].starts_with("220"));
  EXPECT_TRUE(greetings[2].starts_with("421 4.7.0"));
  EXPECT_TRUE(greetings[3].starts_with("220"));
}

TEST_F(SmtpServiceTest, NamedNetworksAreFreeOfTheLimitsOfOneAddress) {
  settings.limits.sessions_per_peer = 1;
  settings.limits.connections_per_peer = {.count = 1, .per = std::chrono::hours(1)};
  const auto to = start({.door = flow::Door::relay, .allow = {*IpNetwork::parse("127.0.0.0/8")}});
  struct Local {
    static engine::Task<void> run(engine::Reactor& reactor, SocketAddress where,
                                  std::vector<std::string>* greetings) {
      Client a(reactor, where);
      Client b(reactor, where);
      Client c(reactor, where);
      for (Client* client : {&a, &b, &c}) {
        EXPECT_TRUE(co_await client->connect());
        greetings->push_back(co_await client->hear());
      }
    }
  };
  std::vector<std::string> greetings;
  simulation->run(Local::run(reactor, to, &greetings));
  ASSERT_EQ(greetings.size(), 3U);
  for (const std::string& greeting : greetings) {
    EXPECT_TRUE(greeting.starts_with("220")) << greeting;
  }
}

TEST_F(SmtpServiceTest, StoppingWaitsForATransaction) {
  const auto to = start({.door = flow::Door::relay, .allow = {*IpNetwork::parse("127.0.0.0/8")}});
  struct Local {
    static engine::Task<void> busy(engine::Reactor& reactor, SocketAddress where,
                                   std::vector<std::string>* replies) {
      Client client(reactor, where);
      EXPECT_TRUE(co_await client.connect());
      for (const char* command :
           {"EHLO c", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "DATA"}) {
        (void)co_await client.hear();
        co_await client.send(std::string(command) + "\r\n");
      }
      (void)co_await client.hear();
      (void)co_await reactor.sleep_for(std::chrono::seconds(3));  // the service begins to stop
      replies->push_back(co_await client.ask("x: y\r\n\r\nz\r\n."));
      replies->push_back(co_await client.hear());
      replies->push_back(co_await client.hear());
    }
    static engine::Task<void> idle(engine::Reactor& reactor, SocketAddress where,
                                   std::vector<std::string>* replies) {
      Client client(reactor, where);
      EXPECT_TRUE(co_await client.connect());
      (void)co_await client.hear();  // the greeting
      replies->push_back(co_await client.hear());
    }
  };
  std::vector<std::string> busy;
  std::vector<std::string> idle;
  reactor.spawn(Local::busy(reactor, to, &busy));
  reactor.spawn(Local::idle(reactor, to, &idle));
  simulation->run_for(std::chrono::seconds(1));
  simulation->run(service->stop(reactor.now() + std::chrono::minutes(1)));
  simulation->run_for(std::chrono::seconds(10));
  service.reset();
  EXPECT_EQ(idle, (std::vector<std::string>{"421 4.3.2 Shutting down: try again later"}));
  ASSERT_EQ(busy.size(), 3U);
  EXPECT_TRUE(busy[0].starts_with("250 2.0.0 Ok: queued as "));
  EXPECT_TRUE(busy[1].starts_with("421 4.3.2"));
  EXPECT_EQ(busy[2], "");
  EXPECT_EQ(feed.entries.size(), 1U);
}

TEST_F(SmtpServiceTest, ANetworkThatBreaksLosesNothingThatWasAnswered) {
  const auto to = start({.door = flow::Door::relay, .allow = {*IpNetwork::parse("127.0.0.0/8")}});
  simulation->faults().reset_per_send = 0.05;
  std::size_t answered = 0;
  for (int i = 0; i < 50; ++i) {
    std::vector<std::string> replies;
    struct Local {
      static engine::Task<void> run(engine::Reactor& reactor, SocketAddress where,
                                    std::vector<std::string>* replies) {
        Client client(reactor, where);
        if (!co_await client.connect()) {
          co_return;
        }
        replies->push_back(co_await client.hear());
        for (const char* command : {"EHLO c", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>",
                                    "DATA", "x: y\r\n\r\nz\r\n."}) {
          replies->push_back(co_await client.ask(command));
          if (replies->back().empty()) {
            co_return;
          }
        }
      }
    };
    simulation->run(Local::run(reactor, to, &replies));
    answered += !replies.empty() && replies.back().contains("queued as") ? 1 : 0;
  }
  EXPECT_GT(answered, 10U);
  EXPECT_LT(answered, 50U);
  EXPECT_GE(feed.entries.size(), answered);
}

}  // namespace
}  // namespace postrider::smtp
