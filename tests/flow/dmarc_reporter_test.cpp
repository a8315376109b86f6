#include "../net/fixed_resolver.hpp"
#include "../store/store_fixture.hpp"
#include "intake_fixture.hpp"

#include <postrider/base/text.hpp>
#include <postrider/flow/dmarc_reporter.hpp>
#include <postrider/flow/learnt_shelves.hpp>

// Who gets the reports on DMARC, and what is in them. When they go out is DailyReporter's, and
// tested with TLS reports.
namespace postrider::flow {
namespace {

using dns::RecordType;
using net::DnsSecurity;

TEST(DmarcUri, IsAnAddress) {
  EXPECT_EQ(parse_dmarc_uri("mailto:r@away.test"), "r@away.test");
  EXPECT_EQ(parse_dmarc_uri("MAILTO:a%2Bb@away.test?subject=x"), "a+b@away.test");
  for (const char* uri :
       {"", "mailto:", "mailto:r", "mailto:r@", "https://away.test/r",
        "mailto:r%0d%0aBcc:x@away.test", "mailto:r@a@b c", "mailto:r%zz@a.test"}) {
    EXPECT_FALSE(parse_dmarc_uri(uri)) << uri;
  }
}

TEST(DmarcUri, HostsUnderOneAnotherNeedNotBeAsked) {
  EXPECT_TRUE(is_own_report_host("away.test", "Away.test"));
  EXPECT_TRUE(is_own_report_host("away.test", "mx.away.test"));
  EXPECT_TRUE(is_own_report_host("news.away.test", "away.test"));
  EXPECT_FALSE(is_own_report_host("away.test", "faraway.test"));
  EXPECT_FALSE(is_own_report_host("away.test", "reports.example"));
}

class DmarcReporterTest : public IntakeFixture {
 public:
  ~DmarcReporterTest() override { simulation->run(reporter_->drain()); }

 protected:
  DmarcReporterTest() {
    make();
    ReporterSettings settings;
    settings.hostname = "mail.example.org";
    settings.organization = "Example";
    settings.contact = "ops@example.org";
    settings.from = "dmarc@example.org";
    reporter_ = std::make_unique<DmarcReporter>(
        DmarcReporter::Doors{.reactor = simulation->reactor(0),
                             .resolver = resolver_,
                             .shelf = shelf_,
                             .intake = [this] { return intake.get(); },
                             .flush = [] { return nothing(); }},
        settings);
    asks("rua=mailto:r@away.test");
  }
  static engine::Task<void> nothing() { co_return; }
  template <class T>
  T result_of(engine::Task<T> task) {
    return store::await(*simulation, std::move(task));
  }
  void asks(const std::string& tags) {
    resolver_.answers.clear();
    say("_dmarc.away.test", "v=DMARC1; p=reject; " + tags);
  }
  void say(const std::string& name, std::string text) {
    resolver_.add(name, RecordType::txt, DnsSecurity::insecure, dns::Txt{std::move(text)});
  }
  // One message from `ip`, counted on that core.
  void count(const std::string& ip, const std::string& core = "0") {
    policy::DmarcFact fact;
    fact.domain = fact.published.domain = "away.test";
    fact.row.source_ip = ip;
    fact.row.count = 1;
    policy::DmarcDayCounts counts;
    policy::DmarcDay::add(counts, fact);
    put("2026-01-01 away.test " + core, policy::DmarcDay::encode(counts));
  }
  void put(std::string name, std::string octets) {
    std::vector<policy::DayShelf::Entry> entries;
    entries.push_back({std::move(name), std::move(octets)});
    EXPECT_TRUE(result_of(shelf_.save(std::move(entries))));
  }
  std::vector<SentReport> send() { return result_of(reporter_->send("2026-01-01")); }
  std::size_t kept() { return result_of(shelf_.list("", 100)).size(); }

  StoredDays shelf_{store->facts(0), store::FactKind::dmarc_report};
  net::FixedResolver resolver_;
  std::unique_ptr<DmarcReporter> reporter_;
};

TEST_F(DmarcReporterTest, PutsTogetherWhatTheCoresCounted) {
  count("192.0.2.1", "0");
  count("192.0.2.1", "1");
  count("192.0.2.2", "10");
  const auto drafts = result_of(reporter_->preview("2026-01-01"));
  ASSERT_EQ(drafts.size(), 1U);
  const auto report = report::parse_dmarc_report(drafts[0].text);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->id, "2026-01-01.away.test@mail.example.org");
  EXPECT_EQ(report->email, "dmarc@example.org");
  EXPECT_EQ(report->end - report->begin, std::chrono::seconds(86'399));
  ASSERT_EQ(report->rows.size(), 2U);
  EXPECT_EQ(report->rows[0].count, 2U);
  const auto sent = send();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_TRUE(sent[0].is_sent) << sent[0].problem;
  EXPECT_EQ(kept(), 0U);
  ASSERT_EQ(feed.entries.size(), 1U);
  const std::string mail = read(feed.entries[0].envelope->id);
  EXPECT_TRUE(mail.contains("Subject: Report Domain: away.test Submitter: mail.example.org"));
  EXPECT_TRUE(mail.contains("Content-Type: application/gzip\r\n"));
  EXPECT_TRUE(mail.contains("mail.example.org!away.test!1767225600!1767311999!"));
}

// RFC 7489 7.1: nobody's mailbox is filled by a stranger's record.
TEST_F(DmarcReporterTest, AnotherHostIsAskedWhetherItWantsThem) {
  asks("rua=mailto:r@reports.example");
  count("192.0.2.1");
  auto sent = send();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_FALSE(sent[0].is_sent);
  EXPECT_EQ(sent[0].problem, "reports.example does not say that it wants reports about others");
  EXPECT_EQ(kept(), 1U);
  say("away.test._report._dmarc.reports.example", "something else");
  EXPECT_FALSE(send()[0].is_sent);
  resolver_.answers.clear();
  asks("rua=mailto:r@reports.example");
  say("away.test._report._dmarc.reports.example", "v=DMARC1");
  sent = send();
  EXPECT_TRUE(sent[0].is_sent) << sent[0].problem;
  EXPECT_EQ(kept(), 0U);
}

TEST_F(DmarcReporterTest, OneOfSeveralIsEnough) {
  asks("rua=mailto:r@reports.example!100,https://away.test/r,mailto:r@away.test");
  count("192.0.2.1");
  const auto sent = send();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_FALSE(sent[0].is_sent);
  EXPECT_TRUE(sent[1].is_sent);
  EXPECT_EQ(kept(), 0U);
}

TEST_F(DmarcReporterTest, WhatCanNotBeLookedUpWaitsAndWhatNobodyWantsIsForgotten) {
  count("192.0.2.1");
  resolver_.answers.clear();
  resolver_.fail("_dmarc.away.test", RecordType::txt, DnsSecurity::indeterminate, "SERVFAIL");
  EXPECT_FALSE(send()[0].is_sent);
  EXPECT_EQ(kept(), 1U);
  asks("");
  EXPECT_EQ(send()[0].problem, "it does not ask for reports any more");
  EXPECT_EQ(kept(), 0U);
  put("2026-01-01 away.test 0", "damaged");
  EXPECT_TRUE(send().empty());
  EXPECT_EQ(kept(), 0U);
}

}  // namespace
}  // namespace postrider::flow
