#include "codec/report/words.hpp"

#include "codec/report/explanation.hpp"

#include <gtest/gtest.h>

#include <postrider/base/text.hpp>
#include <postrider/codec/report/limits.hpp>

namespace postrider::report {
namespace {

const std::string header =
    "From: a@example.org\r\nTo: bob@example.net\r\nSubject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\n"
    "Date: Sun, 22 Nov 2026 14:52:24 +0000\r\nMessage-ID: <1@example.org>\r\n\r\n";

RecipientStatus failed_recipient() {
  return {.original = DsnAddress{"rfc822", "list@example.org"},
          .final = {"rfc822", "bob@example.net"},
          .action = Action::failed,
          .status = "5.1.1",
          .remote_mta = "mx.example.net",
          .diagnostic = "550 5.1.1 No such user here"};
}

TEST(ReportInWords, TellsWhatHappenedToWhomAndWhatToDo) {
  const DeliveryStatus status{
      .reporting_mta = "mail.example.org",
      .recipients = {
          failed_recipient(),
          {.final = {"rfc822", "carol@example.com"},
           .action = Action::delayed,
           .status = "4.4.1",
           .diagnostic = "connection timed out",
           .diagnostic_type = "x-postrider",
           .will_retry_until = WallTime(std::chrono::seconds(1'795'959'150))},
          {.final = {"rfc822", "dan@example.com"}, .action = Action::relayed, .status = "2.0.0"}}};
  EXPECT_EQ(report_in_words(status, *mime::scan_header(header)),
            "This is the mail system at mail.example.org, with a report about a message\r\n"
            "of yours.\r\n"
            "\r\n"
            "Your message could not be delivered to:\r\n"
            "\r\n"
            "  <bob@example.net>\r\n"
            "    (you wrote to <list@example.org>)\r\n"
            "    There is no mailbox with this address.\r\n"
            "    The server mx.example.net said:\r\n"
            "      550 5.1.1 No such user here\r\n"
            "    What you can do: Check the address for typing errors, and send it again.\r\n"
            "\r\n"
            "Your message has not yet been delivered to the following, and is still being\r\n"
            "tried. You need not do anything.\r\n"
            "\r\n"
            "  <carol@example.com>\r\n"
            "    The recipient's server did not answer.\r\n"
            "    In the words of the mail system:\r\n"
            "      connection timed out\r\n"
            "    It will be tried until Sun, 29 Nov 2026 13:32:30 +0000.\r\n"
            "\r\n"
            "Your message was handed on for the following, to a mail system that sends no\r\n"
            "report of delivery:\r\n"
            "\r\n"
            "  <dan@example.com>\r\n"
            "\r\n"
            "The message was:\r\n"
            "\r\n"
            "  Subject: Gr\u00fc\u00dfe\r\n"
            "  Date: Sun, 22 Nov 2026 14:52:24 +0000\r\n"
            "  To: bob@example.net\r\n"
            "  Message-ID: <1@example.org>\r\n"
            "\r\n"
            "The report for mail programs is attached; if you ask someone for help,\r\n"
            "forward this message whole.\r\n");
}

TEST(ReportInWords, SubjectSaysTheWorst) {
  const auto section = mime::scan_header(header);
  DeliveryStatus status{.recipients = {{.action = Action::delivered}}};
  EXPECT_EQ(subject_in_words(status, *section), "Delivered: Gr\u00fc\u00dfe");
  status.recipients.push_back({.action = Action::delayed});
  EXPECT_EQ(subject_in_words(status, *section), "Delayed: Gr\u00fc\u00dfe");
  status.recipients.push_back({.action = Action::failed});
  EXPECT_EQ(subject_in_words(status, mime::HeaderSection()), "Not delivered: your message");
}

TEST(ReportInWords, PeersCannotForgeItsLayout) {
  RecipientStatus recipient = failed_recipient();
  recipient.diagnostic = "550 x\r\n\r\nPlease visit\r\n\x1B[2J " + std::string(50'000, 'y');
  const DeliveryStatus status{.reporting_mta = "m", .recipients = {recipient}};
  const std::string text = report_in_words(status, mime::HeaderSection());
  EXPECT_NE(text.find("\r\n      550 x Please visit [2J\r\n      yyy"), std::string::npos) << text;
  EXPECT_LT(text.size(), max_quoted_reply_octets + 1'000);
  for (const std::string_view line : split(text, '\n')) {
    EXPECT_LT(line.size(), mime::standard_line_octets);
  }
}

TEST(ReportInWords, ManyRecipientsAreCounted) {
  const DeliveryStatus status{
      .reporting_mta = "m",
      .recipients = std::vector<RecipientStatus>(max_recipients_in_words + 7, failed_recipient())};
  const std::string text = report_in_words(status, mime::HeaderSection());
  EXPECT_NE(text.find("and to 7 more, whom the attached report names."), std::string::npos);
}

TEST(Explanation, FindsDetailsBeforeSubjects) {
  EXPECT_EQ(explain("5.1.1").what, "There is no mailbox with this address.");
  EXPECT_EQ(explain("4.1.1").what, explain("5.1.1").what);
  EXPECT_NE(explain("5.1.10").what, explain("5.1.1").what);
  EXPECT_EQ(explain("5.1.99").what, "The address was not accepted.");
  EXPECT_NE(explain("5.7.26").what, explain("5.7.2").what);
  for (const char* code : {"", "5", "5.", "5.0.0", "5.9.9", "x.y.z"}) {
    EXPECT_EQ(explain(code).what, "The message could not be delivered.") << code;
    EXPECT_FALSE(explain(code).todo.empty());
  }
}

}  // namespace
}  // namespace postrider::report
