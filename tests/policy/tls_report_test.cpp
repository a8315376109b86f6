#include <gtest/gtest.h>
#include <map>

#include <postrider/engine/simulation.hpp>
#include <postrider/policy/tls_report.hpp>

namespace postrider::policy {
namespace {

using engine::Task;
using report::TlsFailureType;
using report::TlsPolicyType;

TlsSessionFact good(std::string domain) {
  TlsSessionFact fact;
  fact.domain = std::move(domain);
  fact.host = "mx." + fact.domain;
  return fact;
}
TlsSessionFact bad(std::string domain, TlsFailureType failure, std::string reason = "because") {
  TlsSessionFact fact = good(std::move(domain));
  fact.failure = failure;
  fact.reason = std::move(reason);
  return fact;
}

TEST(TlsDayCounts, AddsLikeToLike) {
  TlsDayCounts counts;
  add_fact(counts, good("a.example"));
  add_fact(counts, good("a.example"));
  add_fact(counts, bad("a.example", TlsFailureType::certificate_expired));
  add_fact(counts, bad("a.example", TlsFailureType::certificate_expired));
  add_fact(counts, bad("a.example", TlsFailureType::certificate_expired, "other"));
  auto sts = good("a.example");
  sts.type = TlsPolicyType::sts;
  sts.policy_mx = {"*.a.example"};
  add_fact(counts, sts);
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[0].successful, 2U);
  EXPECT_EQ(counts[0].failed, 3U);
  ASSERT_EQ(counts[0].details.size(), 2U);
  EXPECT_EQ(counts[0].details[0].sessions, 2U);
  EXPECT_EQ(counts[0].details[1].sessions, 1U);
  EXPECT_EQ(counts[1].type, TlsPolicyType::sts);
  EXPECT_EQ(counts[1].successful, 1U);
}

TEST(TlsDayCounts, StayBoundedAndLoseNoSession) {
  TlsDayCounts counts;
  for (int i = 0; i < 1000; ++i) {
    auto fact = bad("a.example", TlsFailureType::validation_failure, std::to_string(i));
    fact.policy_text = {std::to_string(i % 40)};
    add_fact(counts, fact);
  }
  EXPECT_EQ(counts.size(), tls_report_limits::policies);
  std::uint64_t failed = 0;
  std::uint64_t detailed = 0;
  for (const auto& policy : counts) {
    failed += policy.failed;
    EXPECT_LE(policy.details.size(), tls_report_limits::details);
    for (const auto& detail : policy.details) {
      detailed += detail.sessions;
    }
  }
  EXPECT_EQ(failed, 1000U);
  EXPECT_EQ(detailed, 1000U);
  const std::string octets = encode_counts(counts);
  const auto again = parse_counts(octets);
  ASSERT_TRUE(again);
  EXPECT_EQ(encode_counts(*again), octets);
}

TEST(TlsDayCounts, AreReadBackOrNotAtAll) {
  TlsDayCounts counts;
  auto fact = bad("a.example", TlsFailureType::tlsa_invalid, "two\nlines");
  fact.type = TlsPolicyType::tlsa;
  fact.policy_text = {"3 1 1 aa", "2 1 1 bb"};
  add_fact(counts, fact);
  const std::string octets = encode_counts(counts);
  const auto again = parse_counts(octets);
  ASSERT_TRUE(again);
  ASSERT_EQ(again->size(), 1U);
  EXPECT_TRUE(again->front().details.front() == counts.front().details.front());
  EXPECT_EQ(again->front().text, counts.front().text);
  for (std::size_t cut = 0; cut < octets.size(); ++cut) {
    EXPECT_FALSE(parse_counts(octets.substr(0, cut))) << cut;
  }
  EXPECT_FALSE(parse_counts(octets + "1"));
  EXPECT_FALSE(parse_counts("postrider-tlsrpt 2\n0\n"));
  EXPECT_FALSE(parse_counts("postrider-tlsrpt 1\n99999999999999999999\n"));
  EXPECT_FALSE(parse_counts("postrider-tlsrpt 1\n1\n9\n0\n0\n\n0\n0\n0\n0\n"));
}

TEST(ReportDay, IsADayOfUtc) {
  const WallTime time = parse_rfc3339("2026-11-22T23:59:59.999Z").value();
  EXPECT_EQ(report_day(time), "2026-11-22");
  EXPECT_EQ(parse_report_day("2026-11-22"), parse_rfc3339("2026-11-22T00:00:00Z"));
  for (const char* text : {"", "2026-11-2", "2026-13-01", "2026-11-22T", "yesterday!"}) {
    EXPECT_FALSE(parse_report_day(text)) << text;
  }
}

class MapShelf final : public DayShelf {
 public:
  Task<std::optional<std::string>> load(std::string name) override {
    const auto found = entries.find(name);
    co_return found == entries.end() ? std::nullopt : std::optional(found->second);
  }
  Task<bool> save(std::vector<Entry> more) override {
    ++writes;
    if (fails) {
      co_return false;
    }
    for (Entry& entry : more) {
      entries[entry.name] = entry.octets;
    }
    co_return true;
  }
  Task<void> remove(std::vector<std::string> names) override {
    for (const std::string& name : names) {
      entries.erase(name);
    }
    co_return;
  }
  Task<std::vector<Entry>> list(std::string, std::size_t) override {
    co_return std::vector<Entry>{};
  }
  std::map<std::string, std::string> entries;
  int writes = 0;
  bool fails = false;
};

Task<void> drain(TlsReportTally& tally) {
  co_await tally.drain();
}

TEST(TlsReportTally, WritesNowAndThen) {
  const auto simulation = engine::Simulation::create({.seed = 1});
  MapShelf shelf;
  {
    TlsReportTally tally(simulation->reactor(0), shelf);
    tally.start();
    for (int i = 0; i < 100; ++i) {
      tally.count(good("a.example"));
      tally.count(good("b.example"));
    }
    simulation->run_for(std::chrono::seconds(59));
    EXPECT_EQ(shelf.writes, 0);
    simulation->run_for(std::chrono::seconds(2));
    EXPECT_EQ(shelf.writes, 1);
    EXPECT_EQ(shelf.entries.size(), 2U);
    tally.count(good("a.example"));
    simulation->run(drain(tally));
    EXPECT_EQ(shelf.writes, 2);
  }
  const std::string day = report_day(simulation->reactor(0).wall_now());
  const auto counts = parse_counts(shelf.entries[day + " a.example"]);
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->front().successful, 101U);
}

TEST(TlsReportTally, SwitchedOffCountsNothingMore) {
  const auto simulation = engine::Simulation::create({.seed = 1});
  MapShelf shelf;
  TlsReportTally tally(simulation->reactor(0), shelf);
  tally.count(good("a.example"));
  tally.set_enabled(false);
  tally.count(good("b.example"));
  simulation->run(drain(tally));
  EXPECT_EQ(shelf.entries.size(), 1U);  // what was counted before is written
}

TEST(TlsReportTally, CountsWhatTheStoreDidNotTake) {
  const auto simulation = engine::Simulation::create({.seed = 1});
  MapShelf shelf;
  shelf.fails = true;
  TlsReportTally tally(simulation->reactor(0), shelf);
  tally.count(good("a.example"));
  simulation->run(drain(tally));
  EXPECT_EQ(tally.dropped(), 1U);
}

}  // namespace
}  // namespace postrider::policy
