#include <gtest/gtest.h>

#include <postrider/codec/report/feedback_report.hpp>

namespace postrider::report {
namespace {

// RFC 5965 B.2, with what it leaves out.
const std::string report =
    "From: <abusedesk@example.com>\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/report; report-type=feedback-report;\r\n boundary=\"part1\"\r\n\r\n"
    "--part1\r\nContent-Type: text/plain; charset=\"US-ASCII\"\r\n\r\nThis is an email abuse "
    "report.\r\n\r\n"
    "--part1\r\nContent-Type: message/feedback-report\r\n\r\n"
    "Feedback-Type: Abuse\r\nUser-Agent: SomeGenerator/1.0\r\nVersion: 1\r\n"
    "Original-Mail-From: <somespammer@example.net>\r\nOriginal-Rcpt-To: <user@example.com>\r\n"
    "Original-Envelope-Id: QQ314159\r\nArrival-Date: Thu, 8 Mar 2005 14:00:00 EDT\r\n"
    "Reporting-MTA: dns; mail.example.com\r\nSource-IP: 192.0.2.1\r\nIncidents: 3\r\n"
    "Authentication-Results: mail.example.com;\r\n               spf=fail "
    "smtp.mail=somespammer@example.com\r\n"
    "Reported-Domain: Example.NET\r\nReported-Uri: http://example.net/earn_money.html\r\n"
    "Reported-Uri: mailto:user@example.com\r\nRemoval-Recipient: user@example.com\r\nX-Other: "
    "y\r\n\r\n"
    "--part1\r\nContent-Type: message/rfc822\r\n\r\n"
    "From: <somespammer@example.net>\r\nMessage-ID: "
    "<8787KJKJ3K4J3K4J3K4J3.mail@example.net>\r\n\r\nSpam\r\n"
    "--part1--\r\n";

TEST(FeedbackReport, ReadsTheExampleOfTheRfc) {
  const auto parsed = parse_feedback_report(report);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->feedback_type, "abuse");
  EXPECT_EQ(parsed->user_agent, "SomeGenerator/1.0");
  EXPECT_EQ(parsed->original_mail_from, "somespammer@example.net");
  EXPECT_EQ(parsed->original_recipients, std::vector<std::string>{"user@example.com"});
  EXPECT_EQ(parsed->original_envelope_id, "QQ314159");
  EXPECT_EQ(parsed->reporting_mta, "mail.example.com");
  EXPECT_EQ(parsed->source_ip, IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(parsed->incidents, 3U);
  EXPECT_EQ(parsed->reported_domains, std::vector<std::string>{"example.net"});
  EXPECT_EQ(parsed->reported_uris.size(), 2U);
  EXPECT_EQ(parsed->authentication_results.size(), 1U);
  EXPECT_TRUE(parsed->arrival_date);
  EXPECT_TRUE(parsed->original_is_full);
  EXPECT_EQ(parsed->words, "This is an email abuse report.\r\n");
  EXPECT_EQ(parsed->original->substr(0, 5), "From:");
}

TEST(FeedbackReport, TellsOthersFromThoseThatAreBroken) {
  const auto with = [](std::string_view from, std::string_view to) {
    std::string text = report;
    text.replace(text.find(from), from.size(), to);
    return parse_feedback_report(text);
  };
  EXPECT_EQ(with("feedback-report;", "delivery-status;").error(), FeedbackError::not_a_report);
  EXPECT_EQ(with("multipart/report", "multipart/mixed").error(), FeedbackError::not_a_report);
  EXPECT_EQ(parse_feedback_report("").error(), FeedbackError::not_a_report);
  EXPECT_EQ(with("message/feedback-report", "text/x").error(), FeedbackError::unreadable_report);
  EXPECT_EQ(with("Feedback-Type", "X").error(), FeedbackError::unreadable_report);
  EXPECT_EQ(with("\nVersion: 1", "\nX: 1").error(), FeedbackError::unreadable_report);
  EXPECT_EQ(with("192.0.2.1", "nowhere")->source_ip, std::nullopt);
  EXPECT_EQ(with("Incidents: 3", "Incidents: many")->incidents, 1U);
  EXPECT_FALSE(with("message/rfc822", "text/rfc822-headers")->original_is_full);
}

TEST(FeedbackReport, ReadsABoundedNumberOfValues) {
  std::string many = report;
  std::string fields;
  for (int i = 0; i < 500; ++i) {
    fields += "Original-Rcpt-To: <u" + std::to_string(i) + "@example.com>\r\n";
  }
  many.insert(many.find("Original-Rcpt-To"), fields);
  EXPECT_EQ(parse_feedback_report(many)->original_recipients.size(), max_feedback_values);
}

}  // namespace
}  // namespace postrider::report
