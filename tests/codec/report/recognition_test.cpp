#include <gtest/gtest.h>

#include <postrider/codec/report/dsn.hpp>
#include <postrider/codec/report/recognition.hpp>

namespace postrider::report {
namespace {

TEST(Recognition, ReadsWhatWeWriteOurselves) {
  DsnRequest request{.status = {.envelope_id = "env-1",
                                .reporting_mta = "mx.example.org",
                                .recipients = {{.original = make_dsn_address("alias@example.net"),
                                                .final = make_dsn_address("joe@example.net"),
                                                .action = Action::failed,
                                                .status = "5.0.0",
                                                .remote_mta = "mx.example.net",
                                                .diagnostic = "550 5.1.1 No such user"},
                                               {.final = make_dsn_address("ann@example.net"),
                                                .action = Action::delivered,
                                                .status = "2.0.0"}}},
                     .to = "sender@example.org",
                     .hostname = "mx.example.org",
                     .message_id = "dsn@example.org",
                     .boundary = "b",
                     .date = {},
                     .original =
                         "From: x@example.org\r\nMessage-ID: <1@example.org>\r\n"
                         "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello\r\n"};
  const auto found = recognize(encode_dsn(request)->message);
  EXPECT_EQ(found.kind, ReturnKind::dsn);
  EXPECT_EQ(found.reporter, "mx.example.org");
  EXPECT_EQ(found.original.envelope_id, "env-1");
  EXPECT_EQ(found.original.message_id, "1@example.org");
  EXPECT_EQ(found.original.subject,
            "Gr\xC3\xBC\xC3\x9F"
            "e");
  EXPECT_EQ(found.sent_to, std::vector<std::string>{"sender@example.org"});
  ASSERT_EQ(found.recipients.size(), 2U);
  EXPECT_EQ(found.recipients[0].recipient, "joe@example.net");
  EXPECT_EQ(found.recipients[0].original_recipient, "alias@example.net");
  EXPECT_EQ(found.recipients[0].status, "5.1.1");
  EXPECT_EQ(found.recipients[0].reply, "550");
  EXPECT_EQ(found.recipients[0].bounce_class, "unknown-recipient");
  EXPECT_TRUE(found.recipients[0].is_permanent);
  EXPECT_EQ(found.recipients[1].action, "delivered");
  EXPECT_EQ(found.recipients[1].bounce_class, "");
}

TEST(Recognition, KnowsComplaints) {
  const auto found = recognize(
      "To: fbl@example.org\r\nContent-Type: multipart/report; report-type=feedback-report; "
      "boundary=x\r\n\r\n"
      "--x\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n"
      "Original-Rcpt-To: u@example.com\r\n\r\n--x\r\nContent-Type: text/rfc822-headers\r\n\r\n"
      "Message-ID: <2@example.org>\r\nReturn-Path: <b+u=example.com@example.org>\r\n--x--\r\n");
  EXPECT_EQ(found.kind, ReturnKind::feedback);
  EXPECT_EQ(found.feedback_type, "abuse");
  EXPECT_EQ(found.recipients[0].recipient, "u@example.com");
  EXPECT_EQ(found.recipients[0].action, "complained");
  EXPECT_EQ(found.original.message_id, "2@example.org");
  EXPECT_EQ(found.original.sender, "b+u=example.com@example.org");
}

TEST(Recognition, KnowsAutomaticAnswers) {
  const auto kind = [](const std::string& fields) {
    return recognize("From: joe@example.net\r\n" + fields + "\r\nI am away.\r\n").kind;
  };
  for (const char* fields :
       {"Auto-Submitted: auto-replied\r\n", "Auto-Submitted: auto-replied (vacation)\r\n",
        "X-Autoreply: yes\r\n", "Precedence: auto_reply\r\n", "Subject: Out of Office: Re: x\r\n",
        "Subject: =?utf-8?q?Automatic_reply=3A_x?=\r\n"}) {
    EXPECT_EQ(kind(fields), ReturnKind::autoreply) << fields;
  }
  for (const char* fields :
       {"", "Auto-Submitted: no\r\n", "Auto-Submitted: auto-generated\r\n", "Subject: Re: x\r\n",
        "Auto-Submitted: no\r\nSubject: Out of office hours\r\n", "Precedence: bulk\r\n",
        "X-Autoreply: no\r\n", "Subject: Undelivered parcel\r\n"}) {
    EXPECT_EQ(kind(fields), ReturnKind::ordinary) << fields;
  }
  EXPECT_EQ(recognize("Auto-Submitted: auto-replied\r\nIn-Reply-To: <3@example.org>\r\n\r\n")
                .original.message_id,
            "3@example.org");
}

TEST(Recognition, ReadsBouncesInWords) {
  const auto qmail = recognize(
      "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.net\r\nSubject: failure notice\r\n\r\n"
      "Hi. This is the qmail-send program at mx.example.net.\r\nI'm afraid I wasn't able to "
      "deliver.\r\n\r\n"
      "<joe@example.net>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n"
      "<ann@example.com>:\r\n192.0.2.1 does not like recipient.\r\n"
      "Remote host said: 452 4.2.2 The mailbox is full\r\nGiving up.\r\n\r\n"
      "--- Below this line is a copy of the message.\r\n\r\n<not@example.com>: x\r\n");
  EXPECT_EQ(qmail.kind, ReturnKind::plain_bounce);
  ASSERT_EQ(qmail.recipients.size(), 2U);
  EXPECT_EQ(qmail.recipients[0].recipient, "joe@example.net");
  EXPECT_EQ(qmail.recipients[0].status, "5.1.1");
  EXPECT_EQ(qmail.recipients[0].bounce_class, "unknown-recipient");
  EXPECT_TRUE(qmail.recipients[0].is_permanent);
  EXPECT_EQ(qmail.recipients[1].reply, "452");
  EXPECT_EQ(qmail.recipients[1].status, "4.2.2");
  EXPECT_EQ(qmail.recipients[1].bounce_class, "mailbox-full");
  EXPECT_FALSE(qmail.recipients[1].is_permanent);
  const auto exim = recognize(
      "From: Mail Delivery System <Mailer-Daemon@example.net>\r\nSubject: Mail delivery "
      "failed\r\n\r\n"
      "A message that you sent could not be delivered.\r\n\r\n  joe@example.net\r\n"
      "    host mx.example.net [192.0.2.1]\r\n    SMTP error from remote mail server after RCPT "
      "TO:<joe@example.net>:\r\n"
      "    550 Unknown user\r\n");
  ASSERT_EQ(exim.recipients.size(), 1U);
  EXPECT_EQ(exim.recipients[0].reply, "550");
  EXPECT_EQ(exim.recipients[0].bounce_class, "unknown-recipient");
  // Nobody's bounce without somebody who could have sent it.
  EXPECT_EQ(
      recognize("From: joe@example.net\r\nSubject: failure notice\r\n\r\n<a@b.c>:\r\n550 x\r\n")
          .kind,
      ReturnKind::ordinary);
}

TEST(Recognition, FindsCodes) {
  for (const auto& [text, reply, enhanced] :
       std::vector<std::tuple<const char*, const char*, const char*>>{
           {"550 5.1.1 x", "550", "5.1.1"},
           {"550-5.7.26 x", "550", "5.7.26"},
           {"550 #5.1.1 x", "550", "5.1.1"},
           {"421", "421", ""},
           {"250 2.0.0 ok", "", ""},
           {"5.1.1 x", "", "5.1.1"},
           {"550 192.0.2.1", "550", ""},
           {"550 5.1.1111", "550", ""},
           {"999 x", "", ""},
           {"", "", ""},
           {"5501", "", ""},
           {"550 5.1", "550", ""}}) {
    EXPECT_EQ(reply_code_of(text), reply) << text;
    EXPECT_EQ(enhanced_code_of(text), enhanced) << text;
  }
}

TEST(Recognition, SurvivesWhatIsNoMessage) {
  for (const std::string& text :
       {std::string(), std::string("\r\n"),
        std::string("From: <>\r\nSubject: failure notice\r\n\r\n"),
        "From: postmaster@x\r\nSubject: undeliverable\r\n\r\n" + std::string(200'000, '<'),
        "From: postmaster@x\r\nSubject: undeliverable\r\n\r\n<a@b>: " +
            std::string(200'000, '5')}) {
    const auto found = recognize(text);
    EXPECT_FALSE(found.reason.empty());
  }
}

}  // namespace
}  // namespace postrider::report
