#include "../net/fixed_resolver.hpp"
#include "intake_fixture.hpp"

#include <set>

#include <postrider/flow/learnt_shelves.hpp>
#include <postrider/flow/tls_reporter.hpp>

// When the reports on a day go out, how often it is tried, and when it is given up.
namespace postrider::flow {
namespace {

using dns::RecordType;
using net::DnsSecurity;
using std::chrono::hours;
using std::chrono::minutes;

constexpr const char* record_name = "_smtp._tls.a.example";

class TlsReporterTest : public IntakeFixture {
 public:
  ~TlsReporterTest() override {
    if (reporter_) {
      simulation->run(reporter_->drain());
    }
  }

 protected:
  TlsReporterTest() {
    make();
    asks("v=TLSRPTv1; rua=mailto:tls@rua.example");
    settings_.hostname = "mail.example.org";
    settings_.organization = "Example";
    settings_.contact = "ops@example.org";
    settings_.from = "tls-reports@example.org";
  }
  void asks(std::string text) {
    resolver_.answers.clear();
    resolver_.add(record_name, RecordType::txt, DnsSecurity::insecure, dns::Txt{std::move(text)});
  }
  void count(const std::string& day, const std::string& domain = "a.example") {
    policy::TlsDayCounts counts;
    policy::TlsSessionFact fact;
    fact.domain = domain;
    policy::add_fact(counts, fact);
    put(day + " " + domain, policy::encode_counts(counts));
  }
  void put(std::string name, std::string octets) {
    std::vector<policy::DayShelf::Entry> entries;
    entries.push_back({std::move(name), std::move(octets)});
    simulation->run(save(shelf_, std::move(entries)));
  }
  static engine::Task<void> save(StoredDays& shelf, std::vector<policy::DayShelf::Entry> entries) {
    EXPECT_TRUE(co_await shelf.save(std::move(entries)));
  }
  std::vector<std::string> kept() {
    std::vector<std::string> names;
    simulation->run(list(shelf_, &names));
    return names;
  }
  static engine::Task<void> list(StoredDays& shelf, std::vector<std::string>* names) {
    for (auto& entry : co_await shelf.list("", 100)) {
      names->push_back(std::move(entry.name));
    }
  }
  static engine::Task<void> nothing() { co_return; }

  TlsReporter& reporter() {
    if (!reporter_) {
      reporter_ = std::make_unique<TlsReporter>(
          TlsReporter::Doors{.reactor = simulation->reactor(0),
                             .resolver = resolver_,
                             .shelf = shelf_,
                             .intake = [this] { return takes_mail_ ? intake.get() : nullptr; },
                             .flush = [this] { return ++flushes_, nothing(); }},
          settings_);
    }
    return *reporter_;
  }
  // From 2026-01-01T00:00:00Z, when the simulation begins.
  void run_until(Duration since_start) {
    const WallTime end = policy::parse_report_day("2026-01-01").value() + since_start;
    simulation->run_for(end - simulation->reactor(0).wall_now());
  }
  [[nodiscard]] std::size_t sent() const { return feed.entries.size(); }

  StoredDays shelf_{store->facts(0), store::FactKind::tls_report};
  net::FixedResolver resolver_;
  ReporterSettings settings_;
  bool takes_mail_ = true;
  int flushes_ = 0;
  std::unique_ptr<TlsReporter> reporter_;
};

// RFC 8460 4.1: days of UTC, and not all of us at midnight.
TEST_F(TlsReporterTest, ADayGoesOutAfterItsEndAndOnce) {
  count("2026-01-01");
  const MonoTime began = simulation->reactor(0).now();
  reporter().start();
  run_until(hours(24) - minutes(1));
  EXPECT_EQ(sent(), 0U);
  run_until(hours(28) + minutes(1));
  ASSERT_EQ(sent(), 1U);
  EXPECT_GE(feed.entries[0].envelope->received_at, policy::parse_report_day("2026-01-02").value());
  EXPECT_TRUE(kept().empty());
  EXPECT_GT(flushes_, 0);
  const std::string mail = read(feed.entries[0].envelope->id);
  EXPECT_TRUE(mail.contains("TLS-Report-Domain: a.example\r\n"));
  EXPECT_TRUE(mail.contains("To: <tls@rua.example>") || mail.contains("To: tls@rua.example"));
  run_until(hours(24 * 4));
  EXPECT_EQ(sent(), 1U);
  EXPECT_GT(simulation->reactor(0).now(), began);
}

TEST_F(TlsReporterTest, TodayIsNotOverYet) {
  count("2025-12-31");
  count("2026-01-01");
  reporter().start();
  run_until(hours(23));
  EXPECT_EQ(sent(), 1U);  // of the day before, left over from before the start
  EXPECT_EQ(kept(), std::vector<std::string>{"2026-01-01 a.example"});
  run_until(hours(29));
  EXPECT_EQ(sent(), 2U);
}

TEST_F(TlsReporterTest, EachStartHasItsOwnTimeOfNight) {
  std::set<WallTime> times;
  for (int night = 1; night <= 5; ++night) {
    reporter_.reset();
    const WallTime now = simulation->reactor(0).wall_now();
    count(policy::report_day(now));
    reporter().start();
    simulation->run_for(hours(24) + hours(5));
    ASSERT_EQ(sent(), static_cast<std::size_t>(night));
    const WallTime at = feed.entries.back().envelope->received_at;
    times.insert(WallTime{at - std::chrono::floor<std::chrono::days>(at)});
    simulation->run(reporter_->drain());
  }
  EXPECT_GT(times.size(), 3U);
  for (const WallTime at : times) {
    EXPECT_LE(at.time_since_epoch(), hours(4));
  }
}

TEST_F(TlsReporterTest, WhatNobodyTookIsTriedAgain) {
  settings_.delay_max = {};
  count("2026-01-01");
  takes_mail_ = false;
  reporter().start();
  run_until(hours(24) + minutes(30));
  EXPECT_EQ(sent(), 0U);
  EXPECT_EQ(kept().size(), 1U);
  takes_mail_ = true;
  run_until(hours(24) + minutes(59));
  EXPECT_EQ(sent(), 0U);
  run_until(hours(25) + minutes(1));
  EXPECT_EQ(sent(), 1U);
  EXPECT_TRUE(kept().empty());
}

TEST_F(TlsReporterTest, ARecordThatCanNotBeLookedUpIsNoNo) {
  settings_.delay_max = {};
  count("2026-01-01");
  resolver_.answers.clear();
  resolver_.fail(record_name, RecordType::txt, DnsSecurity::indeterminate, "SERVFAIL");
  reporter().start();
  run_until(hours(24) + minutes(30));
  EXPECT_EQ(kept().size(), 1U);
  asks("v=TLSRPTv1; rua=mailto:tls@rua.example");
  run_until(hours(26));
  EXPECT_EQ(sent(), 1U);
}

TEST_F(TlsReporterTest, IsGivenUpAfterTwoDays) {
  settings_.delay_max = {};
  count("2026-01-01");
  takes_mail_ = false;
  reporter().start();
  run_until(hours(24 * 3) - minutes(1));
  EXPECT_EQ(kept().size(), 1U);
  run_until(hours(24 * 3) + minutes(61));
  EXPECT_TRUE(kept().empty());
  takes_mail_ = true;
  run_until(hours(24 * 5));
  EXPECT_EQ(sent(), 0U);
}

TEST_F(TlsReporterTest, WhoAsksNoMoreGetsNothing) {
  settings_.delay_max = {};
  count("2026-01-01");
  resolver_.answers.clear();
  reporter().start();
  run_until(hours(25));
  EXPECT_EQ(sent(), 0U);
  EXPECT_TRUE(kept().empty());
}

TEST_F(TlsReporterTest, OnePlaceIsEnough) {
  settings_.delay_max = {};
  count("2026-01-01");
  // HTTPS can't be had here: there are no trust anchors.
  asks("v=TLSRPTv1; rua=https://reports.a.example/v1,mailto:tls@rua.example");
  reporter().start();
  run_until(hours(25));
  EXPECT_EQ(sent(), 1U);
  EXPECT_TRUE(kept().empty());
}

TEST_F(TlsReporterTest, SwitchedOffItKeepsWhatThereIs) {
  settings_.delay_max = {};
  settings_.enabled = false;
  count("2026-01-01");
  reporter().start();
  run_until(hours(25));
  EXPECT_EQ(sent(), 0U);
  EXPECT_EQ(kept().size(), 1U);
  settings_.enabled = true;
  reporter().set(settings_);
  run_until(hours(26) + minutes(1));
  EXPECT_EQ(sent(), 1U);
}

TEST_F(TlsReporterTest, ADamagedRecordIsDroppedAndStopsNobody) {
  settings_.delay_max = {};
  count("2026-01-01");
  put("2026-01-01 0.example", "nonsense");
  reporter().start();
  run_until(hours(25));
  EXPECT_EQ(sent(), 1U);
  EXPECT_TRUE(kept().empty());
}

}  // namespace
}  // namespace postrider::flow
