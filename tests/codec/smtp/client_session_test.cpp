#include "client_dialogue.hpp"

#include <gtest/gtest.h>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace postrider::smtp {
namespace {

TEST(ClientSession, SpeaksOneCommandAtATimeToAServerWithoutPipelining) {
  Dialogue dialogue(plain_settings());
  dialogue.set_transaction(to({"x@example.org", "y@example.org"}));
  dialogue.set_body({"a: b\r\n\r\n.c\r\n"});
  dialogue.play(R"(
    S: 220 mx.example.org
    C: EHLO out.example.net
    S: 250 mx.example.org
    C: MAIL FROM:<a@example.net>
    S: 250 ok
    C: RCPT TO:<x@example.org>
    S: 250 ok
    C: RCPT TO:<y@example.org>
    S: 550 5.1.1 no such user
    C: DATA
    S: 354 go
    C: a: b
    C: 
    C: ..c
    C: .
    S: 250 taken)");
  EXPECT_EQ(dialogue.step(), ClientStep::done);
  EXPECT_EQ(dialogue.kinds(), (std::vector{Kind::delivered, Kind::failed}));
  EXPECT_EQ(dialogue.session().outcomes()[1].reply.enhanced.text(), "5.1.1");
  EXPECT_FALSE(dialogue.session().is_content_sent());
}

TEST(ClientSession, SendsOneGroupToAServerWithPipelining) {
  Dialogue dialogue(plain_settings());
  auto transaction = to({"x@example.org", "y@example.org"});
  transaction.ret = Ret::headers;
  transaction.envid = "id+1";
  transaction.eight_bit = true;
  transaction.recipients[0].parameters.notify.never = true;
  transaction.recipients[1].parameters.orcpt = "rfc822;z@example.org";
  dialogue.set_transaction(std::move(transaction));
  dialogue.set_body({"x"});
  dialogue.play(R"(
    S: 220 mx
    C: EHLO out.example.net
    S: 250-mx
    S: 250-PIPELINING
    S: 250-size 1000
    S: 250-8bitmime
    S: 250-DSN
    S: 250 ENHANCEDSTATUSCODES
    C: MAIL FROM:<a@example.net> SIZE=12 BODY=8BITMIME RET=HDRS ENVID=id+2B1
    C: RCPT TO:<x@example.org> NOTIFY=NEVER
    C: RCPT TO:<y@example.org> ORCPT=rfc822;z@example.org
    C: DATA
    S: 250 2.1.0 ok
    S: 250 2.1.5 ok
    S: 450 4.2.1 later
    S: 354 go
    C: x
    C: .
    S: 250 2.0.0 taken)");
  EXPECT_EQ(dialogue.kinds(), (std::vector{Kind::delivered, Kind::deferred}));
}

TEST(ClientSession, SendsChunksWhereTheServerTakesThem) {
  Dialogue dialogue(plain_settings());
  dialogue.set_transaction(to({"x@example.org"}));
  dialogue.set_body({".a\r\n", "", "b\r\n"});
  dialogue.play(R"(
    S: 220 mx
    C: EHLO out.example.net
    S: 250-mx
    S: 250-CHUNKING
    S: 250 PIPELINING
    C: MAIL FROM:<a@example.net>
    C: RCPT TO:<x@example.org>
    S: 250 ok
    S: 250 ok
    C: BDAT 4
    C: .a
    S: 250 4 octets
    C: BDAT 0
    S: 250 0 octets
    C: BDAT 3 LAST
    C: b
    S: 250 taken)");
  EXPECT_EQ(dialogue.kinds(), (std::vector{Kind::delivered}));
}

TEST(ClientSession, EndsARefusedChunkAndGoesOnWithTheNextMessage) {
  Dialogue dialogue(plain_settings());
  dialogue.set_transaction(to({"x@example.org"}));
  dialogue.set_body({"aa\r\n", "bb\r\n"});
  dialogue.play(R"(
    S: 220 mx
    C: EHLO out.example.net
    S: 250-mx
    S: 250-CHUNKING
    S: 250 PIPELINING
    C: MAIL FROM:<a@example.net>
    C: RCPT TO:<x@example.org>
    S: 250 ok
    S: 250 ok
    C: BDAT 4
    C: aa
    S: 552 5.3.4 too big for me)");
  EXPECT_EQ(dialogue.step(), ClientStep::done);
  EXPECT_EQ(dialogue.kinds(), (std::vector{Kind::failed}));
  dialogue.set_transaction(to({"y@example.org"}));
  dialogue.play(R"(
    C: RSET
    C: MAIL FROM:<a@example.net>
    C: RCPT TO:<y@example.org>
    S: 250 reset
    S: 250 ok
    S: 250 ok
    C: BDAT 4 LAST
    C: bb
    S: 250 taken)");
  EXPECT_EQ(dialogue.kinds(), (std::vector{Kind::delivered}));
}

TEST(ClientSession, FallsBackToHelo) {
  Dialogue dialogue(plain_settings());
  dialogue.set_transaction(to({"x@example.org"}));
  dialogue.set_body({""});
  dialogue.play(R"(
    S: 220 old
    C: EHLO out.example.net
    S: 502 what
    C: HELO out.example.net
    S: 250 old
    C: MAIL FROM:<a@example.net>
    S: 250 ok
    C: RCPT TO:<x@example.org>
    S: 251 will forward
    C: DATA
    S: 354 go
    C: .
    S: 250 taken)");
  EXPECT_EQ(dialogue.kinds(), (std::vector{Kind::delivered}));
  EXPECT_FALSE(dialogue.session().capabilities().extended);
}

TEST(ClientSession, StartsTlsAndForgetsWhatWasSaidBefore) {
  Dialogue dialogue(plain_settings());
  dialogue.play(R"(
    S: 220 mx
    C: EHLO out.example.net
    S: 250-mx
    S: 250-PIPELINING
    S: 250 STARTTLS
    C: STARTTLS
    S: 220 go
    TLS
    C: EHLO out.example.net
    S: 250-mx
    S: 250 STARTTLS)");
  EXPECT_EQ(dialogue.step(), ClientStep::ready);
  EXPECT_FALSE(dialogue.session().capabilities().pipelining);
}

TEST(ClientSession, GoesOnInTheClearOnlyWhereThatIsAllowed) {
  Dialogue opportunistic(plain_settings());
  opportunistic.play(R"(
    S: 220 mx
    C: EHLO out.example.net
    S: 250-mx
    S: 250 STARTTLS
    C: STARTTLS
    S: 454 4.7.0 not now)");
  EXPECT_EQ(opportunistic.step(), ClientStep::ready);

  auto settings = plain_settings();
  settings.tls = ClientSettings::Tls::required;
  Dialogue required(settings);
  required.play(R"(
    S: 220 mx
    C: EHLO out.example.net
    S: 250 mx
    C: QUIT)");
  EXPECT_EQ(required.step(), ClientStep::closed);
  ASSERT_TRUE(required.session().failure().has_value());
  EXPECT_EQ(required.session().failure()->stage, ClientFailure::Stage::tls);
  EXPECT_EQ(required.session().failure()->reply.enhanced.text(), "4.7.4");

  // A server that refuses EHLO can't offer TLS: HELO would be a way around the rule.
  Dialogue stripped(settings);
  stripped.play(R"(
    S: 220 mx
    C: EHLO out.example.net
    S: 500 what
    C: QUIT)");
  EXPECT_EQ(stripped.step(), ClientStep::closed);
}

TEST(ClientSession, TakesABusyServerAnywhere) {
  for (const std::string_view script : {R"(
    S: 421 4.3.2 too many)",
                                        R"(
    S: 220 mx
    C: EHLO out.example.net
    S: 421 4.3.2 too many)",
                                        R"(
    S: 220 mx
    C: EHLO out.example.net
    S: 250 mx
    C: MAIL FROM:<a@example.net>
    S: 250 ok
    C: RCPT TO:<x@example.org>
    S: 250 ok
    C: RCPT TO:<y@example.org>
    S: 421 4.3.2 too many)"}) {
    Dialogue dialogue(plain_settings());
    dialogue.set_transaction(to({"x@example.org", "y@example.org"}));
    dialogue.play(script);
    EXPECT_EQ(dialogue.step(), ClientStep::closed);
    EXPECT_EQ(dialogue.session().failure()->reply.code, 421);
    for (const Kind kind : dialogue.kinds()) {
      EXPECT_EQ(kind, Kind::undecided);
    }
  }
}

TEST(ClientSession, BusyAfterTheContentIsAnAnswer) {
  Dialogue dialogue(plain_settings());
  dialogue.set_transaction(to({"x@example.org"}));
  dialogue.set_body({"x\r\n"});
  dialogue.play(R"(
    S: 220 mx
    C: EHLO out.example.net
    S: 250-mx
    S: 250 PIPELINING
    C: MAIL FROM:<a@example.net>
    C: RCPT TO:<x@example.org>
    C: DATA
    S: 250 ok
    S: 250 ok
    S: 354 go
    C: x
    C: .
    S: 421 4.3.2 going down)");
  EXPECT_EQ(dialogue.step(), ClientStep::closed);
  EXPECT_EQ(dialogue.kinds(), (std::vector{Kind::deferred}));
  EXPECT_FALSE(dialogue.session().is_content_sent());
}

TEST(ClientSession, AServerThatDoesNotWantUsIsLeft) {
  Dialogue dialogue(plain_settings());
  dialogue.play(R"(
    S: 554 5.7.1 go away
    C: QUIT)");
  EXPECT_EQ(dialogue.step(), ClientStep::closed);
  EXPECT_EQ(dialogue.session().failure()->stage, ClientFailure::Stage::greeting);
}

TEST(ClientSession, MailRefusedInAGroupRefusesAll) {
  Dialogue dialogue(plain_settings());
  dialogue.set_transaction(to({"x@example.org", "y@example.org"}));
  dialogue.play(R"(
    S: 220 mx
    C: EHLO out.example.net
    S: 250-mx
    S: 250 PIPELINING
    C: MAIL FROM:<a@example.net>
    C: RCPT TO:<x@example.org>
    C: RCPT TO:<y@example.org>
    C: DATA
    S: 550 5.7.1 not from you
    S: 503 5.5.1 no MAIL
    S: 250 strange
    S: 354 stranger
    C: .
    S: 554 5.5.1 no valid recipients)");
  EXPECT_EQ(dialogue.step(), ClientStep::done);
  EXPECT_EQ(dialogue.kinds(), (std::vector{Kind::failed, Kind::failed}));
  EXPECT_EQ(dialogue.session().outcomes()[1].reply.text, "not from you");
}

TEST(ClientSession, NobodyAcceptedEndsInALoneDotAndAReset) {
  Dialogue dialogue(plain_settings());
  dialogue.set_transaction(to({"x@example.org"}));
  dialogue.play(R"(
    S: 220 mx
    C: EHLO out.example.net
    S: 250-mx
    S: 250 PIPELINING
    C: MAIL FROM:<a@example.net>
    C: RCPT TO:<x@example.org>
    C: DATA
    S: 250 ok
    S: 550 5.1.1 no
    S: 554 5.5.1 no valid recipients)");
  EXPECT_EQ(dialogue.kinds(), (std::vector{Kind::failed}));
  dialogue.set_transaction(to({"y@example.org"}));
  dialogue.set_body({"x\r\n"});
  dialogue.play(R"(
    C: RSET
    C: MAIL FROM:<a@example.net>
    C: RCPT TO:<y@example.org>
    C: DATA
    S: 250 reset
    S: 250 ok
    S: 250 ok
    S: 354 go
    C: x
    C: .
    S: 250 taken)");
  EXPECT_EQ(dialogue.kinds(), (std::vector{Kind::delivered}));
}

TEST(ClientSession, TooManyRecipientsGoIntoTheNextTransaction) {
  Dialogue dialogue(plain_settings());
  dialogue.set_transaction(to({"x@example.org", "y@example.org", "z@example.org"}));
  dialogue.set_body({"x\r\n"});
  dialogue.play(R"(
    S: 220 mx
    C: EHLO out.example.net
    S: 250-mx
    S: 250 PIPELINING
    C: MAIL FROM:<a@example.net>
    C: RCPT TO:<x@example.org>
    C: RCPT TO:<y@example.org>
    C: RCPT TO:<z@example.org>
    C: DATA
    S: 250 ok
    S: 250 ok
    S: 452 4.5.3 too many
    S: 452 4.2.2 mailbox full
    S: 354 go
    C: x
    C: .
    S: 250 taken)");
  EXPECT_EQ(dialogue.kinds(), (std::vector{Kind::delivered, Kind::crowded, Kind::deferred}));
}

TEST(ClientSession, LmtpAnswersForEachRecipient) {
  auto settings = plain_settings();
  settings.protocol = ClientProtocol::lmtp;
  Dialogue dialogue(settings);
  dialogue.set_transaction(to({"x@example.org", "y@example.org", "z@example.org"}));
  dialogue.set_body({"x\r\n"});
  dialogue.play(R"(
    S: 220 store
    C: LHLO out.example.net
    S: 250-store
    S: 250 PIPELINING
    C: MAIL FROM:<a@example.net>
    C: RCPT TO:<x@example.org>
    C: RCPT TO:<y@example.org>
    C: RCPT TO:<z@example.org>
    C: DATA
    S: 250 ok
    S: 250 ok
    S: 550 5.1.1 who
    S: 250 ok
    S: 354 go
    C: x
    C: .
    S: 250 2.1.5 x has it
    S: 452 4.2.2 z is full)");
  EXPECT_EQ(dialogue.kinds(), (std::vector{Kind::delivered, Kind::failed, Kind::deferred}));
}

TEST(ClientSession, WhatTheServerCannotTakeCostsNoCommand) {
  struct Row {
    ClientTransaction transaction;
    std::string_view enhanced;
  };
  std::vector<Row> rows;
  rows.push_back({to({"x@example.org"}), "5.3.4"});
  rows.back().transaction.size_octets = 1001;
  rows.push_back({to({"x@example.org"}), "5.6.3"});
  rows.back().transaction.eight_bit = true;
  rows.push_back({to({"x@example.org"}), "5.6.7"});
  rows.back().transaction.smtputf8 = true;
  rows.push_back({to({"\xc3\xa9@example.org"}), "5.6.7"});
  rows.push_back({to({"x\r\nRCPT TO:<y@example.org>"}), "5.1.3"});
  for (Row& row : rows) {
    Dialogue dialogue(plain_settings());
    dialogue.set_transaction(row.transaction);
    dialogue.play(R"(
      S: 220 mx
      C: EHLO out.example.net
      S: 250-mx
      S: 250 SIZE 1000)");
    EXPECT_EQ(dialogue.step(), ClientStep::done);
    EXPECT_EQ(dialogue.kinds(), (std::vector{Kind::failed}));
    EXPECT_EQ(dialogue.session().outcomes()[0].reply.enhanced.text(), row.enhanced);
    EXPECT_TRUE(dialogue.session().outcomes()[0].own);
  }
}

TEST(ClientSession, LogsIn) {
  auto settings = plain_settings();
  settings.tls = ClientSettings::Tls::off;
  settings.username = "user";
  settings.password = "pass";
  settings.plain_auth = true;
  SeededRandom random(1);
  settings.random = &random;
  Dialogue plain(settings);
  plain.play(R"(
    S: 220 mx
    C: EHLO out.example.net
    S: 250-mx
    S: 250 AUTH LOGIN PLAIN
    C: AUTH PLAIN AHVzZXIAcGFzcw==
    S: 235 2.7.0 welcome)");
  EXPECT_EQ(plain.step(), ClientStep::ready);

  Dialogue login(settings);
  login.play(R"(
    S: 220 mx
    C: EHLO out.example.net
    S: 250-mx
    S: 250 AUTH=LOGIN
    C: AUTH LOGIN
    S: 334 VXNlcm5hbWU6
    C: dXNlcg==
    S: 334 UGFzc3dvcmQ6
    C: cGFzcw==
    S: 535 5.7.8 wrong
    C: QUIT)");
  EXPECT_EQ(login.step(), ClientStep::closed);
  EXPECT_EQ(login.session().failure()->stage, ClientFailure::Stage::auth);

  settings.plain_auth = false;
  Dialogue careful(settings);
  careful.play(R"(
    S: 220 mx
    C: EHLO out.example.net
    S: 250-mx
    S: 250 AUTH PLAIN
    C: QUIT)");
  EXPECT_EQ(careful.step(), ClientStep::closed);
}

TEST(ClientSession, RepliesThatMakeNoSenseEndTheConversation) {
  Dialogue dialogue(plain_settings());
  dialogue.set_transaction(to({"x@example.org"}));
  dialogue.play(R"(
    S: 220 mx
    C: EHLO out.example.net
    S: 250 mx
    C: MAIL FROM:<a@example.net>
    S: 354 go ahead)");
  EXPECT_EQ(dialogue.step(), ClientStep::closed);
  EXPECT_EQ(dialogue.kinds(), (std::vector{Kind::undecided}));

  ClientSession session(plain_settings());
  std::string out;
  EXPECT_EQ(session.start(), ClientStep::receive);
  EXPECT_EQ(session.on_reply({220, {}, "mx"}, out), ClientStep::receive);
  EXPECT_EQ(session.on_reply({250, {}, "mx"}, out), ClientStep::ready);
  EXPECT_EQ(session.on_reply({250, {}, "unasked"}, out), ClientStep::closed);
}

TEST(ClientSession, WaitsAsLongAsTheStandardSays) {
  ClientSession session(plain_settings());
  std::string out;
  (void)session.start();  // the steps are what the other tests look at
  EXPECT_EQ(session.timeout(), std::chrono::minutes(5));
  (void)session.on_reply({220, {}, "mx"}, out);
  (void)session.on_reply({250, {}, "mx"}, out);
  (void)session.begin(to({"x@example.org"}), out);
  EXPECT_EQ(session.timeout(), std::chrono::minutes(5));
  (void)session.on_reply({250, {}, ""}, out);
  (void)session.on_reply({250, {}, ""}, out);
  EXPECT_EQ(session.timeout(), std::chrono::minutes(2));
  (void)session.on_reply({354, {}, ""}, out);
  EXPECT_EQ(session.timeout(), std::chrono::minutes(3));
  EXPECT_FALSE(session.is_content_sent());
  std::string_view piece = "x\r\n";
  (void)session.send_body(piece, true, out);
  EXPECT_EQ(session.timeout(), std::chrono::minutes(10));
  EXPECT_TRUE(session.is_content_sent());
}

}  // namespace
}  // namespace postrider::smtp
