#include "../store/store_fixture.hpp"
#include "flow/report_facts.hpp"

#include <gtest/gtest.h>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <postrider/base/base64.hpp>
#include <postrider/base/gzip.hpp>
#include <postrider/flow/report_desk.hpp>
#include <postrider/flow/tls_report_desk.hpp>
#include <postrider/policy/day_tally.hpp>

// Reports on TLS with domains of ours, by anybody: kept once, for a time, in bounds, and summed up.
namespace postrider::flow {
namespace {

using End = ReportReading::End;
using std::chrono::days;
using store::Twin;

struct TlsReceived : testing::Test {
  TlsReceived()
      : tls({twin.reactor(), twin.store().facts(0), asks()}),
        desk({twin.reactor(), twin.store().facts(0), asks(), &tls}) {}

  std::function<engine::Task<std::optional<bool>>(std::string)> asks() {
    return [this](std::string domain) { return ask(std::move(domain)); };
  }
  engine::Task<std::optional<bool>> ask(std::string domain) const {
    co_return is_down ? std::nullopt
                      : std::optional(domain == "example.org" || domain == "example.com");
  }

  report::TlsReport report(std::string domain = "example.org", std::string id = "1") const {
    report::TlsReport out;
    out.organization = "Mailbox Provider";
    out.contact = "tls@provider.example";
    out.id = std::move(id);
    out.begin = std::chrono::floor<days>(twin.reactor().wall_now()) - days(1);
    out.end = out.begin + std::chrono::hours(24) - std::chrono::seconds(1);
    report::TlsPolicyReport policy;
    policy.type = report::TlsPolicyType::sts;
    policy.domain = domain;
    policy.successful = 90;
    policy.failed = 10;
    report::TlsFailureDetail detail;
    detail.type = report::TlsFailureType::certificate_expired;
    detail.receiving_host = "MX.example.org";
    detail.sessions = 6;
    policy.details.push_back(detail);
    detail.receiving_host = "mx.example.org";
    detail.sending_ip = "192.0.2.9";  // another line of the same failure
    detail.sessions = 3;
    policy.details.push_back(detail);
    detail.type = report::TlsFailureType::starttls_not_supported;
    detail.sessions = 1;
    policy.details.push_back(detail);
    out.policies.push_back(policy);
    policy.type = report::TlsPolicyType::tlsa;
    policy.details.clear();
    policy.failed = 0;
    out.policies.push_back(policy);
    return out;
  }
  static std::string mail(const std::string& json) {
    return "Subject: Report Domain: example.org\r\nContent-Type: application/tlsrpt+gzip\r\n"
           "Content-Transfer-Encoding: base64\r\n\r\n" +
           encode_base64(gzip(json)) + "\r\n";
  }
  ReportReading read(const report::TlsReport& one) {
    return read(mail(report::encode_tls_report(one)));
  }
  ReportReading read(std::string octets) {
    return twin.run(desk.read(SharedOctets(std::move(octets))));
  }
  TlsReportSummary summary(std::string domain = "", std::string since = "") {
    return *twin.run(tls.summarize({std::move(domain), std::move(since)}));
  }

  bool is_down = false;
  mutable Twin twin;
  TlsReportDesk tls;
  ReportDesk desk;
};

TEST_F(TlsReceived, IsKeptAndSummedUp) {
  const auto reading = read(report());
  EXPECT_EQ(reading.end, End::kept) << reading.text;
  EXPECT_EQ(reading.domain, "example.org");
  EXPECT_EQ(reading.reporter, "Mailbox Provider");
  EXPECT_EQ(read(report("Example.ORG", "2")).end, End::kept);
  EXPECT_EQ(read(report("example.com", "3")).end, End::kept);
  const TlsReportSummary all = summary();
  ASSERT_EQ(all.reports.size(), 3U);
  EXPECT_FALSE(all.is_cut);
  EXPECT_EQ(all.reports[0].domain, "example.com");
  EXPECT_EQ(all.reports[0].policies, "sts tlsa");
  EXPECT_EQ(all.reports[0].successful, 180U);
  EXPECT_EQ(all.reports[0].failed, 10U);
  const TlsReportSummary one = summary("example.org");
  EXPECT_EQ(one.reports.size(), 2U);
  ASSERT_EQ(one.failures.size(), 2U);
  EXPECT_EQ(one.failures[0].type, "certificate-expired");
  EXPECT_EQ(one.failures[0].host, "mx.example.org");
  EXPECT_EQ(one.failures[0].sessions, 18U);
  EXPECT_EQ(one.failures[0].reports, 2U);
  EXPECT_EQ(one.failures[1].type, "starttls-not-supported");
  EXPECT_TRUE(summary("example").reports.empty());
  EXPECT_TRUE(twin.run(desk.summarize({}))->reports.empty());  // it is none of DMARC's
}

TEST_F(TlsReceived, TheSameReportCountsOnceAndSurvivesAPowerCut) {
  EXPECT_EQ(read(report()).end, End::kept);
  EXPECT_EQ(read(report()).end, End::repeated);
  auto another = report();
  another.organization = "Another Provider";
  EXPECT_EQ(read(another).end, End::kept);
  twin.lose_power();
  TlsReportDesk fresh({twin.reactor(), twin.store().facts(0), asks()});
  EXPECT_EQ(twin.run(fresh.summarize({}))->reports.size(), 2U);
}

TEST_F(TlsReceived, OfOthersOrOfNoTimeIsRefused) {
  EXPECT_EQ(read(report("elsewhere.example")).end, End::refused);
  EXPECT_EQ(read(report("")).end, End::refused);
  EXPECT_EQ(read(report("example.org example.com")).end, End::refused);
  auto mixed = report();
  mixed.policies[1].domain = "example.com";
  EXPECT_EQ(read(mixed).end, End::refused);
  auto future = report();
  future.begin += days(10);
  future.end += days(10);
  EXPECT_EQ(read(future).end, End::refused);
  auto past = report();
  past.begin -= days(1000);
  EXPECT_EQ(read(past).end, End::refused);
  EXPECT_TRUE(summary().reports.empty());
  is_down = true;
  EXPECT_EQ(read(report()).end, End::store_failed);
}

TEST_F(TlsReceived, WhatIsNoneIsRefusedOrMail) {
  EXPECT_EQ(read("Subject: hello\r\n\r\nwho reads this?\r\n").end, End::not_a_report);
  EXPECT_EQ(read(mail("{")).end, End::refused);
  EXPECT_EQ(read(mail("{}")).end, End::refused);
  EXPECT_EQ(read(mail("{" + std::string(20UL << 20, ' '))).end, End::refused);  // a bomb
  EXPECT_EQ(read(mail(std::string(1'000'000, '{'))).end, End::refused);
  std::string cut = mail(report::encode_tls_report(report()));
  EXPECT_EQ(read(cut.substr(0, cut.size() / 2)).end, End::refused);
}

TEST_F(TlsReceived, ADayHoldsSoMany) {
  const std::string day = "example.org " + policy::report_day(report().begin);
  std::vector<store::Fact> facts;
  for (std::size_t i = 0; i + 1 < reports_a_day_max; ++i) {
    facts.push_back({day + ' ' + std::to_string(i), "x"});
  }
  ASSERT_TRUE(
      twin.run(twin.store().facts(0).save(store::FactKind::tls_received, std::move(facts))));
  EXPECT_EQ(read(report("example.org", "the last")).end, End::kept);
  EXPECT_EQ(read(report("example.org", "one more")).end, End::refused);
  EXPECT_EQ(read(report("example.com", "one more")).end, End::kept);
}

TEST_F(TlsReceived, GrowsOld) {
  EXPECT_EQ(read(report()).end, End::kept);
  auto old = report("example.org", "old");
  old.begin -= days(60);
  EXPECT_EQ(read(old).end, End::kept);
  EXPECT_EQ(summary("", policy::report_day(report().begin)).reports.size(), 1U);
  EXPECT_EQ(twin.run(tls.sweep(twin.reactor().wall_now(), days(30))), 1U);
  EXPECT_EQ(summary().reports.size(), 1U);
  EXPECT_EQ(twin.run(tls.sweep(twin.reactor().wall_now() + days(90), days(30))), 1U);
  EXPECT_TRUE(summary().reports.empty());
}

TEST_F(TlsReceived, AWalkSaysThatThereWereMore) {
  for (const char* id : {"1", "2", "3"}) {
    ASSERT_EQ(read(report("example.org", id)).end, End::kept);
  }
  ASSERT_EQ(read(report("example.com", "4")).end, End::kept);
  const auto walk_of = [this](std::size_t most) {
    ReportWalk walk(twin.store().facts(0), store::FactKind::tls_received, "example.org", "", most);
    std::size_t count = 0;
    while (!walk.is_over()) {
      count += twin.run(walk.next())->size();
    }
    return std::pair(count, walk.is_cut());
  };
  EXPECT_EQ(walk_of(2), std::pair(2UL, true));
  EXPECT_EQ(walk_of(3), std::pair(3UL, false));  // the next domain is not asked for
  EXPECT_EQ(walk_of(9), std::pair(3UL, false));
}

}  // namespace
}  // namespace postrider::flow
