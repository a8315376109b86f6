#include "../store/store_fixture.hpp"

#include <gtest/gtest.h>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <postrider/base/base64.hpp>
#include <postrider/base/gzip.hpp>
#include <postrider/flow/report_desk.hpp>
#include <postrider/policy/day_tally.hpp>

// Reports on domains of ours, by anybody: kept once, for a time, in bounds, and summed up.
namespace postrider::flow {
namespace {

using End = ReportReading::End;
using std::chrono::days;
using std::chrono::hours;
using store::Twin;

struct Ours {
  std::set<std::string> domains{"example.org", "example.com"};
  bool is_down = false;
  engine::Task<std::optional<bool>> ask(std::string domain) const {
    co_return is_down ? std::nullopt : std::optional(domains.contains(domain));
  }
};

struct Received : testing::Test {
  Received()
      : desk({twin.reactor(), twin.store().facts(0),
              [this](std::string domain) { return ours.ask(std::move(domain)); }}) {}

  report::DmarcReport report(std::string domain = "example.org", std::string id = "1") const {
    report::DmarcReport out;
    out.organization = "Mailbox Provider";
    out.email = "noreply@provider.example";
    out.id = std::move(id);
    out.begin = std::chrono::floor<days>(twin.reactor().wall_now()) - days(1);
    out.end = out.begin + hours(24) - std::chrono::seconds(1);
    out.published.domain = std::move(domain);
    out.published.policy = "reject";
    out.rows.push_back(
        {.source_ip = "192.0.2.1", .count = 7, .dkim_aligned = true, .header_from = "example.org"});
    out.rows.push_back({.source_ip = "198.51.100.9",
                        .count = 3,
                        .disposition = report::DmarcDisposition::reject,
                        .header_from = "example.org"});
    return out;
  }
  static std::string mail(const std::string& xml) {
    return "Subject: Report Domain: example.org\r\nContent-Type: application/gzip\r\n"
           "Content-Transfer-Encoding: base64\r\n\r\n" +
           encode_base64(gzip(xml)) + "\r\n";
  }
  ReportReading read(const report::DmarcReport& one) {
    return read(mail(report::encode_dmarc_report(one)));
  }
  ReportReading read(std::string octets) {
    return twin.run(desk.read(SharedOctets(std::move(octets))));
  }
  ReportSummary summary(std::string domain = "", std::string since = "") {
    return *twin.run(desk.summarize({std::move(domain), std::move(since)}));
  }

  Ours ours;
  mutable Twin twin;
  ReportDesk desk;
};

TEST_F(Received, IsKeptAndSummedUp) {
  const auto reading = read(report());
  EXPECT_EQ(reading.end, End::kept) << reading.text;
  EXPECT_EQ(reading.domain, "example.org");
  EXPECT_EQ(reading.reporter, "Mailbox Provider");
  EXPECT_EQ(read(report("example.org", "2")).end, End::kept);
  EXPECT_EQ(read(report("example.com", "3")).end, End::kept);
  const ReportSummary all = summary();
  ASSERT_EQ(all.reports.size(), 3U);
  EXPECT_FALSE(all.is_cut);
  EXPECT_EQ(all.reports[0].domain, "example.com");
  EXPECT_EQ(all.reports[0].messages, 10U);
  EXPECT_EQ(all.reports[0].policy, "reject");
  const ReportSummary one = summary("Example.ORG");
  ASSERT_EQ(one.reports.size(), 2U);
  ASSERT_EQ(one.sources.size(), 2U);
  EXPECT_EQ(one.sources[0].address, "192.0.2.1");
  EXPECT_EQ(one.sources[0].messages, 14U);
  EXPECT_EQ(one.sources[0].dkim_aligned, 14U);
  EXPECT_EQ(one.sources[0].aligned, 14U);
  EXPECT_EQ(one.sources[0].spf_aligned, 0U);
  EXPECT_EQ(one.sources[1].address, "198.51.100.9");
  EXPECT_EQ(one.sources[1].aligned, 0U);
  EXPECT_EQ(one.sources[1].rejected, 6U);
  EXPECT_TRUE(summary("example").reports.empty());
}

TEST_F(Received, TheSameReportCountsOnce) {
  EXPECT_EQ(read(report()).end, End::kept);
  EXPECT_EQ(read(report()).end, End::repeated);
  auto another = report();
  another.organization = "Another Provider";  // ids are the reporter's own
  EXPECT_EQ(read(another).end, End::kept);
  EXPECT_EQ(summary().reports.size(), 2U);
}

TEST_F(Received, SurvivesAPowerCut) {
  EXPECT_EQ(read(report()).end, End::kept);
  twin.lose_power();
  ReportDesk fresh({twin.reactor(), twin.store().facts(0),
                    [this](std::string domain) { return ours.ask(std::move(domain)); }});
  EXPECT_EQ(twin.run(fresh.summarize({}))->reports.size(), 1U);
  EXPECT_EQ(twin.run(fresh.read(SharedOctets(mail(report::encode_dmarc_report(report()))))).end,
            End::repeated);
}

TEST_F(Received, OfOthersIsRefused) {
  const auto reading = read(report("elsewhere.example"));
  EXPECT_EQ(reading.end, End::refused);
  EXPECT_NE(reading.text.find("not ours"), std::string::npos);
  EXPECT_EQ(read(report("")).end, End::refused);
  EXPECT_EQ(read(report("example.org example.com")).end, End::refused);
  ours.is_down = true;
  EXPECT_EQ(read(report()).end, End::store_failed);
  EXPECT_TRUE(summary().reports.empty());
}

TEST_F(Received, OfATimeThatCantBeIsRefused) {
  auto future = report();
  future.begin += days(10);
  EXPECT_EQ(read(future).end, End::refused);
  auto past = report();
  past.begin -= days(1000);
  EXPECT_EQ(read(past).end, End::refused);
}

TEST_F(Received, WhatIsNoReportIsMail) {
  EXPECT_EQ(read("Subject: hello\r\n\r\nwho reads this?\r\n").end, End::not_a_report);
  EXPECT_EQ(read(mail("<feedback>")).end, End::refused);
  EXPECT_EQ(read(mail(std::string(20UL << 20, ' '))).end, End::refused);
  // Entities are not expanded.
  EXPECT_NE(
      read(mail("<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>"
                "<feedback><report_metadata><org_name>&b;</org_name></report_metadata></feedback>"))
          .end,
      End::kept);
}

TEST_F(Received, CountsThatCantBeAreBounded) {
  auto boastful = report();
  boastful.rows[0].count = UINT64_MAX;
  boastful.rows[1].count = UINT64_MAX;
  EXPECT_EQ(read(boastful).end, End::kept);
  EXPECT_EQ(summary().reports[0].messages, 2ULL * UINT32_MAX);
}

TEST_F(Received, ADayHoldsSoMany) {
  const std::string day = "example.org " + policy::report_day(report().begin);
  std::vector<store::Fact> facts;
  for (std::size_t i = 0; i + 1 < reports_a_day_max; ++i) {
    facts.push_back({day + ' ' + std::to_string(i), "x"});
  }
  ASSERT_TRUE(
      twin.run(twin.store().facts(0).save(store::FactKind::dmarc_received, std::move(facts))));
  EXPECT_EQ(read(report("example.org", "the last")).end, End::kept);
  EXPECT_EQ(read(report("example.org", "one more")).end, End::refused);
  EXPECT_EQ(read(report("example.com", "one more")).end, End::kept);
  // Counted anew by who knows nothing yet.
  ReportDesk fresh({twin.reactor(), twin.store().facts(0),
                    [this](std::string domain) { return ours.ask(std::move(domain)); }});
  EXPECT_EQ(twin.run(fresh.read(SharedOctets(
                         mail(report::encode_dmarc_report(report("example.org", "x"))))))
                .end,
            End::refused);
}

TEST_F(Received, GrowsOld) {
  EXPECT_EQ(read(report()).end, End::kept);
  auto old = report("example.org", "old");
  old.begin -= days(60);
  EXPECT_EQ(read(old).end, End::kept);
  EXPECT_EQ(summary("", policy::report_day(report().begin)).reports.size(), 1U);
  EXPECT_EQ(twin.run(desk.sweep(twin.reactor().wall_now(), days(30))), 1U);
  EXPECT_EQ(summary().reports.size(), 1U);
  EXPECT_EQ(twin.run(desk.sweep(twin.reactor().wall_now() + days(90), days(30))), 1U);
  EXPECT_TRUE(summary().reports.empty());
}

}  // namespace
}  // namespace postrider::flow
