#include "report_facts.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <set>
#include <tuple>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/report/received_report.hpp>
#include <postrider/flow/tls_report_desk.hpp>
#include <postrider/policy/day_tally.hpp>

namespace postrider::flow {

namespace {

using End = ReportReading::End;
constexpr auto kind = store::FactKind::tls_received;

struct Sums {
  std::uint64_t successful = 0;
  std::uint64_t failed = 0;
};

Sums sums_of(const report::TlsReport& report) {
  Sums sums;
  for (const report::TlsPolicyReport& policy : report.policies) {
    sums.successful += policy.successful;
    sums.failed += policy.failed;
  }
  return sums;
}

// Empty: of several.
std::string domain_of(const report::TlsReport& report) {
  std::string domain = to_lower(report.policies.front().domain);
  const bool is_one = std::ranges::all_of(report.policies, [&](const auto& policy) {
    return equals_ignoring_case(policy.domain, domain);
  });
  return is_one ? domain : std::string();
}

std::string types_of(const report::TlsReport& report) {
  std::set<std::string_view> types;
  for (const report::TlsPolicyReport& policy : report.policies) {
    types.insert(describe(policy.type));
  }
  std::string out;
  for (const std::string_view type : types) {
    out += out.empty() ? "" : " ";
    out += type;
  }
  return out;
}

std::optional<report::TlsReport> parse_record(std::string_view octets) {
  const auto json = report::gunzip_report(octets, report::tls_report_limits::octets);
  auto report = json ? report::parse_tls_report(*json) : failure(std::string());
  return report ? std::optional(*std::move(report)) : std::nullopt;
}

using FailureKey = std::tuple<std::string, std::string, std::string, std::string>;

void add(TlsReportSummary& summary, std::map<FailureKey, ReportedTlsFailure>& failures,
         const report::TlsReport& report) {
  const std::string domain = domain_of(report);
  const Sums sums = sums_of(report);
  summary.reports.push_back({domain, policy::report_day(report.begin), report.organization,
                             report.id, types_of(report), sums.successful, sums.failed});
  std::set<FailureKey> counted;
  for (const report::TlsPolicyReport& policy : report.policies) {
    for (const report::TlsFailureDetail& detail : policy.details) {
      FailureKey key{domain, describe(detail.type), to_lower(detail.receiving_host), detail.reason};
      if (!failures.contains(key) && failures.size() >= summary_failures_max) {
        summary.is_cut = true;
        continue;
      }
      ReportedTlsFailure& failure = failures[key];
      std::tie(failure.domain, failure.type, failure.host, failure.reason) = key;
      failure.sessions += detail.sessions;
      failure.reports += counted.insert(std::move(key)).second ? 1 : 0;
    }
  }
}

}  // namespace

engine::Task<ReportReading> TlsReportDesk::keep(report::TlsReport report, std::string record) {
  ReportReading out;
  out.end = End::refused;
  out.reporter = shown_name(report.organization);
  const ReportIdentity identity{domain_of(report), report.begin, report.organization, report.id};
  out.text = implausible(identity, doors_.reactor.wall_now());
  if (!out.text.empty()) {
    co_return out;
  }
  out.domain = identity.domain;
  const auto ours = co_await doors_.is_ours(out.domain);
  if (!ours || !*ours) {
    out.end = ours ? End::refused : End::store_failed;
    out.text = ours ? "a report on a domain that is not ours" : "the directory does not answer";
    co_return out;
  }
  std::string name = report_fact_name(identity);
  if (co_await doors_.facts.load(kind, name)) {
    out.end = End::repeated;
    out.text = "the same report has come before";
    co_return out;
  }
  const std::string prefix = report_fact_prefix(identity);
  const auto count = co_await count_of(prefix);
  if (!count || *count >= reports_a_day_max) {
    out.end = count ? End::refused : End::store_failed;
    out.text = count ? "more reports of one day than are kept" : "the store does not answer";
    co_return out;
  }
  const Sums sums = sums_of(report);
  out.text = fmt::format("TLS report {} of {}: {} sessions good, {} failed", shown_name(report.id),
                         policy::report_day(report.begin), sums.successful, sums.failed);
  std::vector<store::Fact> facts;
  facts.push_back({std::move(name), std::move(record)});
  if (!co_await doors_.facts.save(kind, std::move(facts))) {
    out.end = End::store_failed;
    out.text = "the store has no room, or does not answer";
    co_return out;
  }
  ++counts_[prefix];
  out.end = End::kept;
  co_return out;
}

engine::Task<store::StoreResult<std::size_t>> TlsReportDesk::count_of(std::string prefix) {
  constexpr std::size_t counted_days_max = 1'000;
  if (const auto known = counts_.find(prefix); known != counts_.end()) {
    co_return known->second;
  }
  const auto count = co_await count_reports(doors_.facts, kind, prefix);
  if (count) {
    if (counts_.size() >= counted_days_max) {
      counts_.clear();
    }
    counts_[prefix] = *count;
  }
  co_return count;
}

engine::Task<store::StoreResult<TlsReportSummary>> TlsReportDesk::summarize(
    ReportDesk::Question question) {
  TlsReportSummary out;
  std::map<FailureKey, ReportedTlsFailure> failures;
  ReportWalk walk(doors_.facts, kind, question.domain, question.since, summary_reports_max);
  while (!walk.is_over()) {
    const auto facts = co_await walk.next();
    if (!facts) {
      co_return failure(facts.error());
    }
    const auto done = co_await doors_.reactor.offload(
        [&facts, &out, &failures] {
          for (const store::Fact& fact : *facts) {
            if (const auto report = parse_record(fact.value)) {
              add(out, failures, *report);
            }
          }
        },
        engine::Until{});
    if (!done) {
      co_return failure(store::StoreError::closed);
    }
  }
  out.is_cut = out.is_cut || walk.is_cut();
  for (auto& [key, one] : failures) {
    out.failures.push_back(std::move(one));
  }
  std::ranges::stable_sort(out.failures, [](const auto& a, const auto& b) {
    return a.domain == b.domain ? a.sessions > b.sessions : a.domain < b.domain;
  });
  co_return out;
}

engine::Task<std::size_t> TlsReportDesk::sweep(WallTime now, Duration keep) {
  const std::size_t removed =
      co_await sweep_reports(doors_.facts, kind, policy::report_day(now - keep));
  if (removed > 0) {
    counts_.clear();
  }
  co_return removed;
}

}  // namespace postrider::flow
