#include "../store/store_fixture.hpp"

#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include <postrider/flow/return_desk.hpp>

// What comes back is matched to the message that caused it, classified, and told; what nobody
// vouches for is a message like others.
namespace postrider::flow {
namespace {

using store::Twin;

engine::Task<bool> done(engine::Task<void> task) {
  co_await std::move(task);
  co_return true;
}

std::string dsn(const std::string& recipient, const std::string& action = "failed",
                const std::string& envelope_id = "", const std::string& more = "") {
  return "From: MAILER-DAEMON@mx.example.net\r\nTo: x@example.org\r\nSubject: Undelivered Mail\r\n"
         "MIME-Version: 1.0\r\n"
         "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
         "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
         "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
         "Reporting-MTA: dns; mx.example.net\r\n" +
         (envelope_id.empty() ? "" : "Original-Envelope-Id: " + envelope_id + "\r\n") +
         "\r\nFinal-Recipient: rfc822; " + recipient + "\r\nAction: " + action +
         "\r\nStatus: 5.1.1\r\n"
         "Diagnostic-Code: smtp; 550 5.1.1 User unknown\r\n" +
         more + "\r\n--b--\r\n";
}

std::string complaint(const std::string& mail_from) {
  return "From: fbl@isp.example\r\nTo: fbl@example.org\r\nSubject: complaint\r\n"
         "Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
         "--b\r\nContent-Type: text/plain\r\n\r\nA complaint.\r\n"
         "--b\r\nContent-Type: message/feedback-report\r\n\r\n"
         "Feedback-Type: abuse\r\nUser-Agent: Loop/1\r\nVersion: 1\r\n"
         "Original-Mail-From: <" +
         mail_from +
         ">\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: "
         "offer\r\n\r\nbuy\r\n--b--\r\n";
}

struct Returns : testing::Test {
  Returns() {
    own.set_secret("secret");
    own.set_rules({rule});
    id = twin.queue().next_id();
    SentMessage sent{
        "acme", "ann@example.org", {{"one@example.net", "two@example.net"}, {"x@y.example"}}};
    EXPECT_TRUE(twin.run(done(ledger.note(id, std::move(sent)))));
  }
  ReturnFinding judge(SentTo to, const std::string& octets, std::string from = "") {
    return twin.run(desk.judge(to, {octets, std::move(from), twin.reactor().wall_now()}));
  }
  ReturnFinding judge_other(const std::string& octets, std::string from = "") {
    return twin.run(desk.judge_other({octets, std::move(from), twin.reactor().wall_now()}));
  }
  const ReturnRule rule{.domain = "example.org", .address = "bounces@example.org", .reader = {}};
  Twin twin;
  OwnAddresses own;
  ReturnLedger ledger{twin.store().facts(0)};
  ReturnDesk desk{own, ledger};
  MessageId id;
};

TEST_F(Returns, ABounceNamesItsMessageAndClass) {
  const auto found = judge({id, 0, 1}, dsn("two@example.net"));
  EXPECT_EQ(found.sender, "ann@example.org");
  ASSERT_EQ(found.events.size(), 1U);
  const Event& event = found.events[0];
  EXPECT_EQ(event.kind, EventKind::bounce_received);
  EXPECT_EQ(event.id, id);
  EXPECT_EQ(event.tenant, "acme");
  EXPECT_EQ(event.from, "ann@example.org");
  EXPECT_EQ(event.to, "two@example.net");
  EXPECT_EQ(event.domain, "example.net");
  EXPECT_EQ(event.code, 550);
  EXPECT_EQ(event.enhanced, "5.1.1");
  EXPECT_EQ(event.bounce_class, "unknown-recipient");
  EXPECT_EQ(event.action, "failed");
  EXPECT_EQ(event.remote, "mx.example.net");
  EXPECT_NE(event.text.find("User unknown"), std::string::npos);
}

// Who is named by the address counts, not who is named by the report: that is where it was
// forwarded to.
TEST_F(Returns, AForwardedRecipientIsTheOneThatWasWrittenTo) {
  const auto found = judge({id, 1, 0}, dsn("somebody@third.example"));
  ASSERT_EQ(found.events.size(), 1U);
  EXPECT_EQ(found.events[0].to, "x@y.example");
  EXPECT_EQ(found.events[0].enhanced, "5.1.1");
}

TEST_F(Returns, OfAMessageThatNobodyRemembersTheReportIsBelieved) {
  const auto found = judge({twin.queue().next_id(), 0, 0}, dsn("gone@example.net"));
  EXPECT_EQ(found.sender, "");
  ASSERT_EQ(found.events.size(), 1U);
  EXPECT_EQ(found.events[0].to, "gone@example.net");
  EXPECT_EQ(found.events[0].from, "");
}

TEST_F(Returns, ADelayAndASuccess) {
  const auto delayed = judge({id, 0, 0}, dsn("one@example.net", "delayed"));
  ASSERT_EQ(delayed.events.size(), 1U);
  EXPECT_EQ(delayed.events[0].action, "delayed");
  EXPECT_TRUE(judge({id, 0, 0}, dsn("one@example.net", "delivered")).events.empty());
  EXPECT_TRUE(judge({id, 0, 0}, dsn("one@example.net", "relayed")).events.empty());
}

// RFC 3464 2: reports come from nobody.
TEST_F(Returns, ABounceFromSomebodyIsNone) {
  const auto found = judge({id, 0, 0}, dsn("one@example.net"), "evil@example.net");
  EXPECT_TRUE(found.events.empty());
  EXPECT_EQ(found.sender, "ann@example.org");  // who gets the mail all the same
}

TEST_F(Returns, WhatSaysNothingIsStillABounce) {
  const auto found = judge({id, 0, 0}, "From: x@y\r\nSubject: sorry\r\n\r\nIt did not work.\r\n");
  ASSERT_EQ(found.events.size(), 1U);
  EXPECT_EQ(found.events[0].kind, EventKind::bounce_received);
  EXPECT_EQ(found.events[0].bounce_class, "undetermined");
  EXPECT_EQ(found.events[0].to, "one@example.net");
  // In words only.
  const auto plain = judge({id, 0, 0},
                           "From: MAILER-DAEMON@mx.example.net\r\nSubject: failure notice\r\n\r\n"
                           "Hi.\r\n\r\n<one@example.net>:\r\n552 5.2.2 Mailbox full\r\n");
  ASSERT_EQ(plain.events.size(), 1U);
  EXPECT_EQ(plain.events[0].enhanced, "5.2.2");
}

TEST_F(Returns, AnAutomaticAnswerIsTold) {
  const std::string answer =
      "From: one@example.net\r\nSubject: Out of office\r\nAuto-Submitted: auto-replied\r\n\r\nBack "
      "on "
      "Monday.\r\n";
  for (const char* const from : {"", "one@example.net"}) {
    const auto found = judge({id, 0, 0}, answer, from);
    ASSERT_EQ(found.events.size(), 1U) << from;
    EXPECT_EQ(found.events[0].kind, EventKind::autoreply_received);
    EXPECT_EQ(found.events[0].to, "one@example.net");
  }
  const auto person = judge(
      {id, 0, 0}, "From: one@example.net\r\nSubject: Re: hi\r\n\r\nthanks\r\n", "one@example.net");
  EXPECT_TRUE(person.events.empty());
  EXPECT_EQ(person.sender, "ann@example.org");
}

TEST_F(Returns, AComplaintToAMailboxIsMatchedByTheAddressItWasSentFrom) {
  const std::string from = *own.address_for(rule, {id, 0, 1});
  const auto found = judge_other(complaint(from), "fbl@isp.example");
  ASSERT_EQ(found.events.size(), 1U);
  EXPECT_EQ(found.events[0].kind, EventKind::complaint_received);
  EXPECT_EQ(found.events[0].bounce_class, "abuse");
  EXPECT_EQ(found.events[0].to, "two@example.net");
  EXPECT_EQ(found.events[0].id, id);
  EXPECT_TRUE(
      judge_other(complaint("bounces+forged@example.org"), "fbl@isp.example").events.empty());
  EXPECT_TRUE(judge_other(complaint("ann@example.org"), "fbl@isp.example").events.empty());
}

TEST_F(Returns, AReportToAMailboxIsMatchedByItsEnvelopeId) {
  const auto found = judge_other(dsn("one@example.net", "failed", own.envelope_id(rule, id)));
  ASSERT_EQ(found.events.size(), 1U);
  EXPECT_EQ(found.events[0].id, id);
  EXPECT_EQ(found.events[0].to, "one@example.net");
  EXPECT_EQ(found.events[0].from, "ann@example.org");
  // An id that is known is no proof, and neither is another's report.
  EXPECT_TRUE(judge_other(dsn("one@example.net", "failed", id.text())).events.empty());
  EXPECT_TRUE(judge_other(dsn("one@example.net", "failed", "their-own-id")).events.empty());
  EXPECT_TRUE(judge_other(dsn("one@example.net")).events.empty());
  EXPECT_TRUE(
      judge_other(dsn("one@example.net", "failed", own.envelope_id(rule, id)), "evil@x.example")
          .events.empty());
}

TEST_F(Returns, OnlyWhatLooksLikeAReportIsRead) {
  EXPECT_TRUE(ReturnDesk::may_be_report({dsn("a@b.example"), "", {}}));
  EXPECT_FALSE(ReturnDesk::may_be_report({dsn("a@b.example"), "x@y.example", {}}));
  const std::string feedback = complaint("x@y.example");
  EXPECT_TRUE(ReturnDesk::may_be_report({feedback, "fbl@isp.example", {}}));
  EXPECT_FALSE(ReturnDesk::may_be_report({"Subject: x\r\n\r\nmultipart/report", "", {}}));
}

// A report with ten thousand recipients makes no ten thousand lines, and none of them is endless.
TEST_F(Returns, WhatAStrangerWritesIsBounded) {
  std::string many;
  for (int i = 0; i < 100; ++i) {
    many += "\r\nFinal-Recipient: rfc822; a" + std::to_string(i) +
            "@x.example\r\nAction: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp; " +
            std::string(1000, '\x01') + std::string(5000, 'x') + "\r\n";
  }
  const auto found = judge({twin.queue().next_id(), 0, 0}, dsn("a@x.example", "failed", "", many));
  EXPECT_EQ(found.events.size(), return_events_max);
  for (const Event& event : found.events) {
    EXPECT_LE(event.text.size(), 600U);
    EXPECT_EQ(event.text.find('\x01'), std::string::npos);
  }
}

TEST_F(Returns, RulesOfTheOperatorDecide) {
  desk.set_rules(*report::BounceRules::parse("nobody-there 5.1.1 *\n"));
  const auto found = judge({id, 0, 0}, dsn("one@example.net"));
  ASSERT_EQ(found.events.size(), 1U);
  EXPECT_EQ(found.events[0].bounce_class, "nobody-there");
}

TEST(ReturnLedger, RecordsReadAsTheyWereWritten) {
  for (const SentMessage& message :
       {SentMessage{}, SentMessage{"t", "a@b", {{"x@y", "z@y"}, {}, {"q@r"}}}}) {
    EXPECT_EQ(parse_sent_message(encode_sent_message(message)), message);
  }
  const std::string sound = encode_sent_message({"t", "a@b", {{"x@y"}}});
  for (std::size_t size = 0; size < sound.size(); ++size) {
    EXPECT_EQ(parse_sent_message(sound.substr(0, size)), std::nullopt) << size;
  }
  EXPECT_EQ(parse_sent_message(sound + "x"), std::nullopt);
  const SentMessage message{"t", "a@b", {{"x@y"}}};
  EXPECT_EQ(message.find({{}, 0, 1}), nullptr);
  EXPECT_EQ(message.find({{}, 1, 0}), nullptr);
  ASSERT_NE(message.find({{}, 0, 0}), nullptr);
}

TEST(ReturnLedger, KeepsThemForTheirTimeAndOverAPowerCut) {
  Twin twin;
  std::vector<MessageId> ids;
  {
    ReturnLedger ledger(twin.store().facts(0));
    for (int i = 0; i < 600; ++i) {
      ids.push_back(twin.queue().next_id());
      EXPECT_TRUE(twin.run(done(ledger.note(ids.back(), {"t", std::to_string(i) + "@b", {}}))));
    }
  }
  twin.lose_power();
  ReturnLedger ledger(twin.store().facts(0));
  EXPECT_EQ(twin.run(ledger.find(ids[7]))->reverse_path, "7@b");
  EXPECT_EQ(twin.run(ledger.sweep(twin.reactor().wall_now())), 0U);
  const MessageId young =
      MessageIdSource(0, {}).next(twin.reactor().wall_now() + std::chrono::days(20));
  EXPECT_TRUE(twin.run(done(ledger.note(young, {"t", "young@b", {}}))));
  EXPECT_EQ(twin.run(ledger.sweep(twin.reactor().wall_now() + std::chrono::days(31))), 600U);
  EXPECT_EQ(twin.run(ledger.find(ids[7])), std::nullopt);
  EXPECT_TRUE(twin.run(ledger.find(young)).has_value());
}

}  // namespace
}  // namespace postrider::flow
