#include <gtest/gtest.h>

#include <postrider/base/base64.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/mime/header.hpp>
#include <postrider/codec/mime/multipart.hpp>
#include <postrider/codec/report/report_mail.hpp>
#include <postrider/codec/report/tlsrpt.hpp>
#include <postrider/codec/report/tlsrpt_record.hpp>

namespace postrider::report {
namespace {

using Error = TlsrptRecordError;

struct RecordCase {
  std::vector<std::string> records;
  Result<TlsrptRecord, Error> expected;
};

TEST(TlsrptRecord, IsReadByItsGrammar) {
  const auto absent = failure(Error::absent);
  const auto malformed = failure(Error::malformed);
  const std::vector<RecordCase> cases{
      {{"v=TLSRPTv1; rua=mailto:tls@example.org"}, TlsrptRecord{{"tls@example.org"}, {}}},
      {{"v=TLSRPTv1;rua=mailto:a@b.example , https://r.example/v1?x=1;"},
       TlsrptRecord{{"a@b.example"}, {"https://r.example/v1?x=1"}}},
      {{"v=TLSRPTv1; x=y; rua=HTTPS://r.example/"}, TlsrptRecord{{}, {"HTTPS://r.example/"}}},
      {{"v=TLSRPTv1; rua=mailto:a%2Bb%21@c.example?subject=x"},
       TlsrptRecord{{"a+b!@c.example"}, {}}},
      {{"v=TLSRPTv1; rua=ftp://a.example, mailto:a@b.example"}, TlsrptRecord{{"a@b.example"}, {}}},
      {{"v=TLSRPTv1; rua=mailto:a@b.example; rua=mailto:c@d.example"},
       TlsrptRecord{{"a@b.example", "c@d.example"}, {}}},
      {{"v=TLSRPTv1; rua=ftp://a.example"}, malformed},
      {{"v=TLSRPTv1; rua="}, malformed},
      {{"v=TLSRPTv1;"}, malformed},
      {{"v=TLSRPTv1; rua"}, malformed},
      {{"v=TLSRPTv1; rua=mailto:not an address"}, malformed},
      {{"v=TLSRPTv1; rua=mailto:a%0d%0aRcpt@b.example"}, malformed},
      {{"v=TLSRPTv1; rua=mailto:a%zz@b.example"}, malformed},
      {{"v=TLSRPTv1; rua=mailto:a%2"}, malformed},
      {{"v=TLSRPTv1; rua=https://a.example/\x01"}, malformed},
      {{}, absent},
      {{"v=TLSRPTv1"}, absent},
      {{"v=TLSRPTv2; rua=mailto:a@b.example"}, absent},
      {{"v=STSv1; id=1", "v=TLSRPTv1; rua=mailto:a@b.example"}, TlsrptRecord{{"a@b.example"}, {}}},
      {{"v=TLSRPTv1; rua=mailto:a@b.example", "v=TLSRPTv1; rua=mailto:a@b.example"},
       failure(Error::ambiguous)},
  };
  for (const RecordCase& c : cases) {
    EXPECT_EQ(parse_tlsrpt_record(c.records), c.expected)
        << (c.records.empty() ? "" : c.records.front());
  }
}

TEST(TlsrptRecord, SendsToAFewPlacesAtMost) {
  std::string record = "v=TLSRPTv1; rua=mailto:a@b.example";
  for (int i = 0; i < 100; ++i) {
    record += ",mailto:a@b.example";
  }
  const auto parsed = parse_tlsrpt_record({record});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->mail.size(), tlsrpt_destinations_max);
}

TlsReport example() {
  TlsReport report;
  report.organization = "Sender \"Inc\"";
  report.begin = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 21));
  report.end = report.begin + std::chrono::hours(24) - std::chrono::seconds(1);
  report.contact = "postmaster@sender.example";
  report.id = "20261121.1!x@sender.example";
  TlsPolicyReport policy;
  policy.type = TlsPolicyType::sts;
  policy.text = {"version: STSv1", "mode: testing"};
  policy.domain = "example.org";
  policy.mx = {"*.example.org"};
  policy.successful = 5;
  policy.failed = 2;
  policy.details.push_back({TlsFailureType::certificate_expired, "192.0.2.1", "mx.example.org", "",
                            "198.51.100.1", "expired on Friday", 2});
  report.policies.push_back(policy);
  return report;
}

TEST(TlsReport, IsTheJsonOfRfc8460) {
  EXPECT_EQ(
      encode_tls_report(example()),
      R"({"organization-name":"Sender \"Inc\"","date-range":{)"
      R"("start-datetime":"2026-11-21T00:00:00Z","end-datetime":"2026-11-21T23:59:59Z"},)"
      R"("contact-info":"postmaster@sender.example","report-id":"20261121.1!x@sender.example",)"
      R"("policies":[{"policy":{"policy-type":"sts","policy-string":["version: STSv1",)"
      R"("mode: testing"],"policy-domain":"example.org","mx-host":["*.example.org"]},)"
      R"("summary":{"total-successful-session-count":5,"total-failure-session-count":2},)"
      R"("failure-details":[{"result-type":"certificate-expired","sending-mta-ip":"192.0.2.1",)"
      R"("receiving-mx-hostname":"mx.example.org","receiving-ip":"198.51.100.1",)"
      R"("failed-session-count":2,"failure-reason-code":"expired on Friday"}]}]})");
}

TEST(TlsReport, NamesItsFile) {
  EXPECT_EQ(tls_report_file_name("sender.example", "example.org", example()),
            "sender.example!example.org!1795219200!1795305599!20261121.1-x.json.gz");
}

TEST(TlsReport, HasANameForEachFailure) {
  for (std::uint8_t i = 0; i < tls_failure_types; ++i) {
    for (std::uint8_t k = 0; k < i; ++k) {
      EXPECT_NE(describe(static_cast<TlsFailureType>(i)), describe(static_cast<TlsFailureType>(k)));
    }
  }
}

TEST(TlsReportMail, CarriesTheReport) {
  ReportMail mail;
  mail.from = "reports@sender.example";
  mail.to = "tls@example.org";
  mail.submitter = "sender.example";
  mail.domain = "example.org";
  mail.report_id = "1@sender.example";
  mail.file_name = "sender.example!example.org!1!2!1.json.gz";
  mail.message_id = "m@sender.example";
  mail.boundary = "b1";
  mail.gzipped = std::string("\x1f\x8b\0octets", 9);
  const std::string text = encode_tls_report_mail(mail);
  const mime::HeaderSection header = mime::scan_header(text).value();
  const auto value = [&header](std::string_view name) {
    const mime::HeaderField* field = header.find(name);
    return field != nullptr ? std::string(trim_wsp(mime::unfold(field->value)))
                            : std::string("absent");
  };
  EXPECT_EQ(value("From"), "reports@sender.example");
  EXPECT_EQ(value("To"), "tls@example.org");
  EXPECT_EQ(value("Subject"),
            "Report Domain: example.org Submitter: sender.example Report-ID: <1@sender.example>");
  EXPECT_EQ(value("TLS-Report-Domain"), "example.org");
  EXPECT_EQ(value("TLS-Report-Submitter"), "sender.example");
  EXPECT_EQ(value("TLS-Required"), "No");
  EXPECT_EQ(value("Content-Type"), "multipart/report; report-type=\"tlsrpt\"; boundary=\"b1\"");
  const auto parts =
      mime::split_multipart(std::string_view(text).substr(header.body_offset()), "b1");
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_NE(parts[1].find("Content-Type: application/tlsrpt+gzip\r\n"), std::string_view::npos);
  EXPECT_NE(parts[1].find("filename=\"" + mail.file_name + "\""), std::string_view::npos);
  const std::size_t body = parts[1].find("\r\n\r\n");
  ASSERT_NE(body, std::string_view::npos);
  EXPECT_EQ(decode_base64_folded(parts[1].substr(body + 4)), mail.gzipped);
}

TEST(TlsReportMail, KeepsAHostileAddressInItsField) {
  ReportMail mail;
  mail.from = "a@b.example";
  mail.to = "x@y.example\r\nBcc: z@z.example";
  mail.boundary = "b1";
  EXPECT_EQ(encode_tls_report_mail(mail).find("\r\nBcc:"), std::string::npos);
}

}  // namespace
}  // namespace postrider::report
