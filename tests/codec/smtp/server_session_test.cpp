// What a dialogue can't say: channel bindings, SCRAM, shutdown, timeouts, the shape of the output.
#include "server_harness.hpp"

#include <gtest/gtest.h>
#include <string>

#include <postrider/base/base64.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/sasl/client_exchange.hpp>
#include <postrider/codec/smtp/limits.hpp>

namespace postrider::smtp {
namespace {

ServerRules rules_of_submission() {
  ServerRules rules;
  rules.hostname = "mail.example.org";
  rules.offer_auth = true;
  rules.offer_starttls = true;
  return rules;
}

const sasl::ChannelBindings bound{.tls_exporter = std::string(32, 'e'), .tls_server_end_point = {}};

// Plays a client's SCRAM against the server; the last reply.
std::string authenticate(ServerHarness& server, sasl::Mechanism mechanism,
                         sasl::ChannelBindings bindings, const std::string& password) {
  SeededRandom random(9);
  sasl::ClientExchange client(mechanism, {"user@example.org", password}, std::move(bindings),
                              random);
  server.feed("AUTH " + std::string(sasl::name_of(mechanism)) + ' ' +
              encode_base64((*client.start()).value_or("")) + "\r\n");
  std::string reply = server.take_output();
  while (reply.starts_with("334 ")) {
    const auto challenge = decode_base64(reply.substr(4, reply.size() - 6));
    const auto answer = client.respond(*challenge);
    if (!answer) {
      return "client failed";
    }
    server.feed(encode_base64(*answer) + "\r\n");
    reply = server.take_output();
  }
  EXPECT_EQ(reply.starts_with("235"), client.may_succeed());
  return reply;
}

TEST(SmtpServerSession, ScramAndItsChannelBinding) {
  const ServerRules rules = rules_of_submission();
  const auto connect = [&rules] {
    auto server = std::make_unique<ServerHarness>(
        rules, ServerSession::Facts{.tls = true, .bindings = bound});
    server->feed("EHLO a\r\n");
    EXPECT_TRUE(server->take_output().ends_with(
        "250 AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN\r\n"));
    return server;
  };
  auto server = connect();
  EXPECT_TRUE(authenticate(*server, sasl::Mechanism::scram_sha_256_plus, bound, "pencil")
                  .starts_with("235"));
  EXPECT_EQ(server->session.identity(), "user@example.org");
  EXPECT_EQ(server->session.protocol(), "ESMTPSA");
  server = connect();
  EXPECT_TRUE(
      authenticate(*server, sasl::Mechanism::scram_sha_256, {}, "pencil").starts_with("235"));
  server = connect();
  EXPECT_TRUE(
      authenticate(*server, sasl::Mechanism::scram_sha_256, {}, "wrong").starts_with("535 5.7.8"));
  // A client that could bind and was told that we can't (RFC 5802 6).
  server = connect();
  EXPECT_TRUE(authenticate(*server, sasl::Mechanism::scram_sha_256, bound, "pencil")
                  .starts_with("535 5.7.8"));
  // Another channel: a man in the middle.
  server = connect();
  const sasl::ChannelBindings other{.tls_exporter = std::string(32, 'x'),
                                    .tls_server_end_point = {}};
  EXPECT_TRUE(authenticate(*server, sasl::Mechanism::scram_sha_256_plus, other, "pencil")
                  .starts_with("535 5.7.8"));
  EXPECT_TRUE(server->session.identity().empty());
}

TEST(SmtpServerSession, AuthLinesMayBeLongAndOthersMayNot) {  // RFC 4954 4, RFC 5321 4.5.3.1.4
  const ServerRules rules = rules_of_submission();
  ServerHarness server(rules, {.tls = true});
  server.feed("HELO a\r\n");
  server.take_output();
  server.feed("NOOP " + std::string(2041, 'x') + "\r\n");
  EXPECT_EQ(server.take_output(), "250 2.0.0 Ok\r\n");
  server.feed("NOOP " + std::string(2042, 'x') + "\r\n");
  EXPECT_EQ(server.take_output(), "500 5.5.2 Line too long\r\n");
  server.feed("AUTH PLAIN " + std::string(12'200, 'A') + "\r\n");
  EXPECT_NE(server.take_output(), "500 5.5.2 Line too long\r\n");
  server.feed("AUTH PLAIN\r\n" + std::string(13'000, 'A') + "\r\n");
  EXPECT_EQ(server.take_output(), "334 \r\n500 5.5.2 Line too long\r\n");
}

// Each refusal as "from>to code".
std::vector<std::string> refusals(ServerHarness& server) {
  std::vector<std::string> out;
  for (const ServerRefusal& refusal : server.session.take_refusals()) {
    out.push_back(refusal.from + '>' + refusal.to + ' ' + std::to_string(refusal.reply.code));
  }
  return out;
}

TEST(SmtpServerSession, WhatItRefusesByItselfIsKeptForTheLog) {
  ServerRules rules;
  rules.hostname = "mx.example.org";
  rules.senders = Senders::anyone;
  rules.recipients_max = 1;
  rules.message_octets_max = 1000;
  ServerHarness server(rules);
  server.feed(
      "EHLO c\r\n"
      "MAIL FROM:<a b@c.example>\r\n"
      "MAIL <x@c.example>\r\n"
      "MAIL FROM:<big@c.example> SIZE=1001\r\n"
      "RCPT TO:<early@example.org>\r\n"
      "MAIL FROM:<a@c.example>\r\n"
      "MAIL FROM:<twice@c.example>\r\n"
      "RCPT TO:<@@>\r\n"
      "RCPT TO:<u@example.org> NOTIFY=SOMETIMES\r\n"
      "RCPT TO:<refused@example.org>\r\n"
      "RCPT TO:<u@example.org>\r\n"
      "RCPT TO:<v@example.org>\r\n");
  EXPECT_EQ(refusals(server), (std::vector<std::string>{"a b@c.example> 501", "x@c.example> 501",
                                                        "big@c.example> 552", "a@c.example>@@ 501",
                                                        "a@c.example>u@example.org 501",
                                                        "a@c.example>v@example.org 452"}))
      << "what is out of order, and what others refuse, is theirs to tell";
  EXPECT_EQ(refusals(server), std::vector<std::string>{}) << "once";
}

TEST(SmtpServerSession, ADeniedRelayIsKeptAndAFloodIsNot) {
  ServerRules rules = rules_of_submission();
  rules.errors_max = 10'000;
  ServerHarness server(rules);
  server.feed("EHLO c\r\nMAIL FROM:<a@c.example>\r\n");
  EXPECT_EQ(refusals(server), std::vector<std::string>{"a@c.example> 530"});
  std::string flood;
  for (int i = 0; i < 500; ++i) {
    flood += "MAIL FROM:<a@c.example>\r\n";
  }
  server.feed(flood);
  EXPECT_EQ(refusals(server).size(), refusals_kept_max);
  rules.offer_auth = false;
  rules.senders = Senders::trusted;
  ServerHarness relay(rules);
  relay.feed("EHLO c\r\nMAIL FROM:<a@c.example>\r\nRCPT TO:<b@d.example>\r\n");
  EXPECT_EQ(refusals(relay), std::vector<std::string>{"a@c.example>b@d.example 550"});
}

TEST(SmtpServerSession, TimeoutSays421) {
  const ServerRules rules = rules_of_submission();
  ServerHarness server(rules);
  server.take_output();
  EXPECT_EQ(server.session.timeout(), rules.command_timeout);
  server.session.on_timeout(server.out);
  EXPECT_EQ(server.take_output(), "421 4.4.2 Timeout\r\n");
  server.feed("NOOP\r\n");
  EXPECT_TRUE(server.closed);
  EXPECT_EQ(server.take_output(), "");
}

TEST(SmtpServerSession, ShutdownWaitsForATransaction) {
  ServerRules rules = rules_of_submission();
  rules.senders = Senders::anyone;
  ServerHarness idle(rules);
  idle.take_output();
  EXPECT_TRUE(idle.session.on_shutdown(idle.out));
  EXPECT_EQ(idle.take_output(), "421 4.3.2 Shutting down: try again later\r\n");

  ServerHarness busy(rules);
  busy.feed("HELO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
  busy.take_output();
  EXPECT_FALSE(busy.session.on_shutdown(busy.out));
  EXPECT_EQ(busy.take_output(), "");
  busy.feed("x\r\n.\r\nNOOP\r\n");
  EXPECT_EQ(busy.take_output(),
            "250 2.0.0 Ok: queued as ID1\r\n421 4.3.2 Shutting down: try again later\r\n");
  EXPECT_TRUE(busy.closed);
  EXPECT_EQ(busy.messages.size(), 1U);
}

TEST(SmtpServerSession, OutputIsBoundedWhileAFloodIsRead) {
  ServerRules rules = rules_of_submission();
  rules.idle_commands_max = 1'000'000;
  SeededRandom random(1);
  ServerSession session(rules, {}, random);
  std::string flood;
  for (int i = 0; i < 100'000; ++i) {
    flood += "HELP\r\n";
  }
  std::string_view input = flood;
  std::string out;
  std::size_t largest = 0;
  while (!input.empty()) {
    ASSERT_EQ(session.next(input, out), ServerStep::read);
    largest = std::max(largest, out.size());
    out.clear();  // the driver sends before it goes on
  }
  EXPECT_LE(largest, output_octets_max + 512);
}

TEST(SmtpServerSession, AMessageThatIsGivenUpIsDropped) {
  ServerRules rules = rules_of_submission();
  rules.senders = Senders::anyone;
  for (const char* end : {"RSET\r\n", "EHLO again\r\n"}) {
    ServerHarness server(rules);
    server.feed("HELO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 1\r\nx");
    EXPECT_EQ(server.opened, 1U);
    server.feed(end);
    EXPECT_EQ(server.dropped, 1U) << end;
  }
}

// The one property that matters most: no mixture of line ends makes two messages of one, or a
// command of content, whatever the segments (RFC 5321 4.5.2).
TEST(SmtpServerSession, SmugglingYieldsOneMessage) {
  ServerRules rules = rules_of_submission();
  rules.senders = Senders::anyone;
  int tried = 0;
  const char* pieces[] = {"\r\n", "\n", "\r", "\r\r\n", "\n\r", ""};
  for (const char* before : pieces) {
    for (const char* after : pieces) {
      const std::string ending = std::string(before) + '.' + after;
      if (ending.contains("\r\n.\r\n")) {
        continue;
      }
      const std::string content =
          "body" + ending + "MAIL FROM:<evil@x>\r\nRCPT TO:<e@f>\r\nDATA\r\nevil";
      const std::string all =
          "HELO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n" + content + "\r\n.\r\nQUIT\r\n";
      for (std::size_t cut = 0; cut <= all.size(); ++cut) {
        ServerHarness server(rules);
        server.feed(std::string_view(all).substr(0, cut));
        server.feed(std::string_view(all).substr(cut));
        ASSERT_EQ(server.messages.size(), 1U) << quoted_for_log(ending) << " cut at " << cut;
        EXPECT_TRUE(server.messages[0].body.ends_with("evil\r\n"));
        EXPECT_TRUE(server.out.ends_with("221 2.0.0 Bye\r\n"));
      }
      ++tried;
    }
  }
  EXPECT_GE(tried, 20);
}

}  // namespace
}  // namespace postrider::smtp
