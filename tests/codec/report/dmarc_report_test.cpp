#include <gtest/gtest.h>
#include <string>

#include <postrider/codec/report/dmarc_report.hpp>

namespace postrider::report {
namespace {

DmarcReport full_report() {
  DmarcReport out;
  out.organization = "Home & <Co>";
  out.email = "reports@home.test";
  out.contact = "https://home.test/abuse";
  out.id = "2026-11-22.away.test@mx.home.test";
  out.begin = from_unix_millis(1'763'769'600'000);
  out.end = from_unix_millis(1'763'855'999'000);
  out.generator = "Postrider";
  out.published = {.domain = "away.test",
                   .policy = "reject",
                   .subdomain_policy = "quarantine",
                   .nonexistent_policy = "none",
                   .dkim_alignment = "s",
                   .spf_alignment = "r",
                   .failure_options = "1:d",
                   .testing = true,
                   .discovery = "treewalk"};
  DmarcRow row;
  row.source_ip = "2001:db8::1";
  row.count = 12;
  row.disposition = DmarcDisposition::quarantine;
  row.spf_aligned = true;
  row.overrides = {{"policy_test_mode", "t=y"}, {"local_policy", ""}};
  row.header_from = "news.away.test";
  row.envelope_from = "bounce.away.test";
  row.signatures = {{"away.test", "s1", "fail"}, {"esp.test", "", "pass"}};
  row.spf_domain = "bounce.away.test";
  row.spf_scope = "mfrom";
  row.spf_result = "pass";
  out.rows.push_back(row);
  DmarcRow bare;
  bare.source_ip = "192.0.2.1";
  bare.count = 1;
  bare.disposition = DmarcDisposition::pass;
  bare.dkim_aligned = true;
  bare.header_from = "away.test";
  out.rows.push_back(bare);
  return out;
}

TEST(DmarcReport, WhatIsWrittenIsReadBack) {
  const DmarcReport report = full_report();
  const std::string xml = encode_dmarc_report(report);
  EXPECT_NE(xml.find("<org_name>Home &amp; &lt;Co&gt;</org_name>"), std::string::npos) << xml;
  EXPECT_NE(xml.find("xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\""), std::string::npos);
  const auto read = parse_dmarc_report(xml);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(*read, report);
}

TEST(DmarcReport, NothingBreaksOutOfItsPlace) {
  DmarcReport report = full_report();
  report.organization = "a\x01\x7f\r\n<b>\xff";
  report.rows[0].header_from = "]]></header_from><x/>";
  const auto read = parse_dmarc_report(encode_dmarc_report(report));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->organization,
            "a????"
            "<b>?");
  EXPECT_EQ(read->rows[0].header_from, "]]></header_from><x/>");
  report.organization = "M\xC3\xBCller";
  EXPECT_EQ(parse_dmarc_report(encode_dmarc_report(report))->organization, "M\xC3\xBCller");
}

// RFC 7489 appendix C, as big reporters write it: no namespace, other order, what is not known.
TEST(DmarcReport, ReadsTheOlderKind) {
  const auto read = parse_dmarc_report(R"(<?xml version="1.0" encoding="UTF-8" ?>
<!DOCTYPE feedback [<!ENTITY x "y">]>
<feedback>
  <report_metadata><org_name>google.com</org_name><email>noreply@google.com</email>
    <report_id>123</report_id><date_range><begin>1763769600</begin><end>1763855999</end></date_range>
  </report_metadata>
  <policy_published><domain>Example.ORG</domain><adkim>r</adkim><p>none</p><pct>100</pct></policy_published>
  <record>
    <row><source_ip>192.0.2.9</source_ip><count> 3 </count>
      <policy_evaluated><disposition>none</disposition><dkim>fail</dkim><spf>fail</spf>
        <reason><type>forwarded</type><comment>&x; looks forwarded</comment></reason></policy_evaluated></row>
    <identifiers><header_from>example.org</header_from></identifiers>
    <auth_results><spf><domain>list.example</domain><result>softfail</result></spf></auth_results>
  </record>
</feedback>)");
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->published.domain, "example.org");
  ASSERT_EQ(read->rows.size(), 1U);
  EXPECT_EQ(read->rows[0].count, 3U);
  EXPECT_EQ(read->rows[0].overrides[0].type, "forwarded");
  EXPECT_EQ(read->rows[0].overrides[0].comment, "&x; looks forwarded") << "no entity is followed";
  EXPECT_EQ(read->rows[0].spf_result, "softfail");
  const auto prefixed = parse_dmarc_report(
      "<d:feedback xmlns:d=\"urn:ietf:params:xml:ns:dmarc-2.0\"><d:report_metadata/>"
      "<d:policy_published><d:domain>a.test</d:domain></d:policy_published></d:feedback>");
  ASSERT_TRUE(prefixed) << prefixed.error();
  EXPECT_EQ(prefixed->published.domain, "a.test");
}

TEST(DmarcReport, RefusesWhatIsNone) {
  const std::string head =
      "<feedback><report_metadata/><policy_published><domain>a.test</domain>"
      "</policy_published>";
  const std::string bad[] = {
      "",
      "PK\x03\x04",
      "<feedback>",
      "<feedback/>",
      "<html><report_metadata/></html>",
      "<feedback><report_metadata/><policy_published/></feedback>",
      head + "<record><row><source_ip>192.0.2.1</source_ip></row></record></feedback>",
      head + "<record><row><count>1</count></row></record></feedback>",
      head + "<record><row><source_ip>x</source_ip><count>-1</count></row></record></feedback>",
      std::string(dmarc_report_limits::octets + 1, ' '),
  };
  for (const std::string& xml : bad) {
    const auto read = parse_dmarc_report(xml);
    ASSERT_FALSE(read) << xml;
    EXPECT_FALSE(read.error().empty());
  }
  std::string many = head;
  for (std::size_t i = 0; i <= dmarc_report_limits::rows; ++i) {
    many += "<record><row><source_ip>a</source_ip><count>1</count></row></record>";
  }
  EXPECT_EQ(parse_dmarc_report(many + "</feedback>").error(), "more than 100000 records");
  std::string deep;
  for (int i = 0; i < 1'000'000; ++i) {
    deep += "<a>";
  }
  EXPECT_FALSE(parse_dmarc_report(deep));
}

TEST(DmarcReport, LongTextsAreCut) {
  DmarcReport report = full_report();
  report.organization = std::string(5'000, 'x');
  const auto read = parse_dmarc_report(encode_dmarc_report(report));
  EXPECT_EQ(read->organization, std::string(dmarc_report_limits::text_octets, 'x'));
}

TEST(DmarcReport, NamesItsFile) {
  EXPECT_EQ(dmarc_report_file_name("mx.home.test", full_report()),
            "mx.home.test!away.test!1763769600!1763855999!2026-11-22.away.test.xml.gz");
}

}  // namespace
}  // namespace postrider::report
