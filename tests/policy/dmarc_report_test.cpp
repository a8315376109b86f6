#include <gtest/gtest.h>
#include <string>

#include <postrider/policy/dmarc_report.hpp>

namespace postrider::policy {
namespace {

using report::DmarcDisposition;

// A message of away.test that failed, with p=reject; what a test changes, it says.
struct Case {
  Case() {
    dmarc::Record record;
    record.policy = dmarc::Policy::reject;
    record.aggregate_uris = {"mailto:r@away.test"};
    found.dmarc.result = dmarc::Result::fail;
    found.dmarc.author_domain = "news.away.test";
    found.dmarc.record_domain = "away.test";
    found.dmarc.record = record;
    found.dmarc.policy = found.dmarc.disposition = dmarc::Policy::reject;
    found.spf_mail_from = spf::Outcome{};
    found.spf_mail_from->result = spf::Result::softfail;
    found.dkim.push_back({.result = DkimResult::fail, .domain = "away.test", .selector = "s1"});
    found.dkim.push_back({.result = DkimResult::permerror});  // can't be read
    request.ip = IpAddress::parse("192.0.2.1");
    request.mail_from = "bounce@Mail.Away.test";
    rules.dmarc = Judging::enforce;
  }
  [[nodiscard]] std::optional<DmarcFact> fact() {
    const auto section = mime::scan_header("From: a@news.away.test\r\n\r\n");
    Evidence evidence(*section);
    evidence.finish();
    return dmarc_fact(found, request, evidence, rules);
  }
  SenderAuthResult found;
  SenderAuthRequest request;
  InboundRules rules;
};

TEST(DmarcFact, SaysWhatWasFoundAndDone) {
  Case one;
  const auto fact = one.fact();
  ASSERT_TRUE(fact);
  EXPECT_EQ(fact->domain, "away.test");
  EXPECT_EQ(fact->published.policy, "reject");
  EXPECT_EQ(fact->published.dkim_alignment, "r");
  const report::DmarcRow& row = fact->row;
  EXPECT_EQ(row.source_ip, "192.0.2.1");
  EXPECT_EQ(row.disposition, DmarcDisposition::reject);
  EXPECT_EQ(row.header_from, "news.away.test");
  EXPECT_EQ(row.envelope_from, "mail.away.test");
  ASSERT_EQ(row.signatures.size(), 1U);
  EXPECT_EQ(row.signatures[0], (report::DmarcSignature{"away.test", "s1", "fail"}));
  EXPECT_EQ(row.spf_scope, "mfrom");
  EXPECT_EQ(row.spf_domain, "mail.away.test");
  EXPECT_EQ(row.spf_result, "softfail");
  EXPECT_TRUE(row.overrides.empty());
}

TEST(DmarcFact, SaysWhyTheRecordWasNotFollowed) {
  Case tagged;
  tagged.rules.dmarc = Judging::tag;
  EXPECT_EQ(tagged.fact()->row.disposition, DmarcDisposition::none);
  EXPECT_EQ(tagged.fact()->row.overrides[0].type, "local_policy");
  Case testing;
  testing.found.dmarc.record->testing = true;
  testing.found.dmarc.disposition = dmarc::Policy::quarantine;
  EXPECT_EQ(testing.fact()->row.disposition, DmarcDisposition::quarantine);
  EXPECT_EQ(testing.fact()->row.overrides[0].type, "policy_test_mode");
  EXPECT_TRUE(testing.fact()->published.testing);
  Case passed;
  passed.found.dmarc.result = dmarc::Result::pass;
  passed.found.dmarc.dkim_aligned = true;
  EXPECT_EQ(passed.fact()->row.disposition, DmarcDisposition::pass);
  EXPECT_TRUE(passed.fact()->row.dkim_aligned);
  Case monitored;
  monitored.found.dmarc.policy = monitored.found.dmarc.disposition = dmarc::Policy::none;
  EXPECT_EQ(monitored.fact()->row.disposition, DmarcDisposition::none);
  EXPECT_TRUE(monitored.fact()->row.overrides.empty());
}

TEST(DmarcFact, OfTheNullReversePathHeloCounts) {
  Case one;
  one.request.mail_from.clear();
  one.request.helo = "MX.away.test";
  one.found.spf_mail_from.reset();
  one.found.spf_helo = spf::Outcome{};
  one.found.spf_helo->result = spf::Result::pass;
  const auto row = one.fact()->row;
  EXPECT_EQ(row.envelope_from, "");
  EXPECT_EQ(row.spf_scope, "helo");
  EXPECT_EQ(row.spf_domain, "mx.away.test");
  EXPECT_EQ(row.spf_result, "pass");
}

TEST(DmarcFact, IsNoneWhereNobodyAsksOrNothingIsKnown) {
  const auto without = [](auto change) {
    Case one;
    change(one);
    return !one.fact().has_value();
  };
  EXPECT_TRUE(without([](Case& c) { c.found.dmarc.record->aggregate_uris.clear(); }));
  EXPECT_TRUE(without([](Case& c) { c.found.dmarc.record.reset(); }));
  EXPECT_TRUE(without([](Case& c) { c.found.dmarc.result = dmarc::Result::temperror; }));
  EXPECT_TRUE(without([](Case& c) { c.found.dmarc.result = dmarc::Result::none; }));
  EXPECT_TRUE(without([](Case& c) { c.request.ip.reset(); }));
  EXPECT_TRUE(without([](Case& c) { c.rules.dmarc = Judging::off; }));
}

TEST(DmarcDay, AddsWhatIsAlikeAndKeepsApartWhatIsNot) {
  Case one;
  Case other;
  other.request.ip = IpAddress::parse("2001:db8::1");
  DmarcDayCounts counts;
  for (int i = 0; i < 3; ++i) {
    DmarcDay::add(counts, *one.fact());
  }
  DmarcDay::add(counts, *other.fact());
  ASSERT_EQ(counts.rows.size(), 2U);
  DmarcDayCounts more;
  DmarcDay::add(more, *one.fact());
  more.published.policy = "none";
  DmarcDay::merge(counts, more);
  EXPECT_EQ(counts.published.policy, "none") << "the record as it was last";
  ASSERT_EQ(counts.rows.size(), 2U);
  EXPECT_EQ(counts.rows.begin()->second.count + counts.rows.rbegin()->second.count, 5U);
  EXPECT_EQ(DmarcDay::parse(DmarcDay::encode(counts)), counts);
  EXPECT_FALSE(DmarcDay::parse("nonsense"));
}

TEST(DmarcDay, RowsAreBounded) {
  Case one;
  DmarcDayCounts counts;
  auto fact = *one.fact();
  for (std::size_t i = 0; i < dmarc_count_limits::rows + 10; ++i) {
    fact.row.source_ip = std::to_string(i);
    DmarcDay::add(counts, fact);
  }
  EXPECT_EQ(counts.rows.size(), dmarc_count_limits::rows);
  fact.row.source_ip = "0";
  DmarcDay::add(counts, fact);
  EXPECT_EQ(DmarcDay::parse(DmarcDay::encode(counts))->rows.size(), dmarc_count_limits::rows);
}

}  // namespace
}  // namespace postrider::policy
