#include <gtest/gtest.h>
#include <string>

#include <postrider/codec/report/tlsrpt.hpp>

namespace postrider::report {
namespace {

// RFC 8460, appendix B.
constexpr std::string_view example = R"({
  "organization-name": "Company-X",
  "date-range": {"start-datetime": "2016-04-01T00:00:00Z", "end-datetime": "2016-04-01T23:59:59Z"},
  "contact-info": "sts-reporting@company-x.example",
  "report-id": "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
  "policies": [{
    "policy": {
      "policy-type": "sts",
      "policy-string": ["version: STSv1","mode: testing",
            "mx: *.mail.company-y.example","max_age: 86400"],
      "policy-domain": "company-y.example",
      "mx-host": ["*.mail.company-y.example"]
    },
    "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
    "failure-details": [{
      "result-type": "certificate-expired",
      "sending-mta-ip": "2001:db8:abcd:0012::1",
      "receiving-mx-hostname": "mx1.mail.company-y.example",
      "failed-session-count": 100
    }, {
      "result-type": "starttls-not-supported",
      "sending-mta-ip": "2001:db8:abcd:0013::1",
      "receiving-mx-hostname": "mx2.mail.company-y.example",
      "receiving-ip": "203.0.113.56",
      "failed-session-count": 200,
      "additional-information": "https://reports.company-x.example/report_info"
    }, {
      "result-type": "validation-failure",
      "sending-mta-ip": "198.51.100.62",
      "receiving-ip": "203.0.113.58",
      "receiving-mx-hostname": "mx-backup.mail.company-y.example",
      "failed-session-count": 3,
      "failure-reason-code": "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED"
    }]
  }]
})";

std::string with(std::string_view what, std::string_view by) {
  std::string out(example);
  const std::size_t at = out.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return out.replace(at, what.size(), by);
}

TEST(TlsReportParser, ReadsTheExampleOfTheRfc) {
  const auto report = parse_tls_report(example);
  ASSERT_TRUE(report) << report.error();
  EXPECT_EQ(report->organization, "Company-X");
  EXPECT_EQ(report->id, "5065427c-23d3-47ca-b6e0-946ea0e8c4be");
  EXPECT_EQ(unix_seconds(report->begin), 1'459'468'800);
  EXPECT_EQ(unix_seconds(report->end), 1'459'555'199);
  ASSERT_EQ(report->policies.size(), 1U);
  const TlsPolicyReport& policy = report->policies.front();
  EXPECT_EQ(policy.type, TlsPolicyType::sts);
  EXPECT_EQ(policy.domain, "company-y.example");
  EXPECT_EQ(policy.text.size(), 4U);
  EXPECT_EQ(policy.mx, std::vector<std::string>{"*.mail.company-y.example"});
  EXPECT_EQ(policy.successful, 5326U);
  EXPECT_EQ(policy.failed, 303U);
  ASSERT_EQ(policy.details.size(), 3U);
  EXPECT_EQ(policy.details[0].type, TlsFailureType::certificate_expired);
  EXPECT_EQ(policy.details[0].sessions, 100U);
  EXPECT_EQ(policy.details[1].receiving_ip, "203.0.113.56");
  EXPECT_EQ(policy.details[2].reason, "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED");
  const auto again = parse_tls_report(encode_tls_report(*report));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *report);
}

TEST(TlsReportParser, BearsWhatReportersWriteOtherwise) {
  EXPECT_TRUE(parse_tls_report("\xEF\xBB\xBF" + std::string(example)));
  // One text in place of a list of one.
  const auto one = parse_tls_report(with("[\"*.mail.company-y.example\"]", "\"mx.example\""));
  ASSERT_TRUE(one);
  EXPECT_EQ(one->policies[0].mx, std::vector<std::string>{"mx.example"});
  const auto type = parse_tls_report(with("certificate-expired", "new-type"));
  ASSERT_TRUE(type);
  EXPECT_EQ(type->policies[0].details[0].type, TlsFailureType::validation_failure);
  EXPECT_EQ(type->policies[0].details[0].reason, "new-type");
  const auto none = parse_tls_report(with("\"sts\"", "\"no-policy-found\""));
  ASSERT_TRUE(none);
  EXPECT_EQ(none->policies[0].type, TlsPolicyType::no_policy_found);
  const auto absent = parse_tls_report(with("\"failed-session-count\": 100", "\"x\": 1"));
  ASSERT_TRUE(absent);
  EXPECT_EQ(absent->policies[0].details[0].sessions, 0U);
  const auto huge = parse_tls_report(with("5326", "18446744073709551615"));
  ASSERT_TRUE(huge);
  EXPECT_EQ(huge->policies[0].successful, tls_report_limits::sessions);
}

TEST(TlsReportParser, RefusesWhatIsNoReport) {
  for (const std::string& wrong : {
           std::string(),
           std::string("{}"),
           std::string("[]"),
           std::string("{"),
           std::string(100'000, '['),
           std::string(example.substr(0, 600)),
           with("\"Company-X\"", "\"\""),
           with("\"5065427c-23d3-47ca-b6e0-946ea0e8c4be\"", "7"),
           with("2016-04-01T00:00:00Z", "yesterday"),
           with("2016-04-01T23:59:59Z", "2016-03-01T00:00:00Z"),
           with("date-range", "range"),
           with("\"policies\"", "\"policy\""),
           with("\"summary\"", "\"sum\""),
           with("5326", "-1"),
           with("303", "\"many\""),
           with("303", "1e400"),
           with("\"failed-session-count\": 100", "\"failed-session-count\": 1.5"),
           with("Company-X", "\xFF"),
       }) {
    EXPECT_FALSE(parse_tls_report(wrong)) << wrong.substr(0, 200);
  }
  EXPECT_FALSE(parse_tls_report(std::string(tls_report_limits::octets + 1, ' ')));
}

TEST(TlsReportParser, IsBounded) {
  TlsReport report = *parse_tls_report(example);
  report.policies[0].text.assign(tls_report_limits::texts + 5, "x");
  report.policies[0].domain = std::string(999, 'a') + "\xC3\xA9";
  const auto cut = parse_tls_report(encode_tls_report(report));
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->policies[0].text.size(), tls_report_limits::texts);
  EXPECT_EQ(cut->policies[0].domain, std::string(999, 'a'));
  report = *parse_tls_report(example);
  report.policies[0].details.resize(tls_report_limits::details);
  EXPECT_TRUE(parse_tls_report(encode_tls_report(report)));
  report.policies[0].details.emplace_back();
  EXPECT_FALSE(parse_tls_report(encode_tls_report(report)));
  report.policies[0].details.clear();
  report.policies.resize(tls_report_limits::policies);
  EXPECT_TRUE(parse_tls_report(encode_tls_report(report)));
  report.policies.emplace_back();
  EXPECT_FALSE(parse_tls_report(encode_tls_report(report)));
}

}  // namespace
}  // namespace postrider::report
