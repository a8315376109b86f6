#include "report_facts.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/gzip.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/report/received_report.hpp>
#include <postrider/flow/report_desk.hpp>
#include <postrider/flow/tls_report_desk.hpp>
#include <postrider/policy/day_tally.hpp>

namespace postrider::flow {

namespace {

using End = ReportReading::End;
using store::FactKind;

constexpr std::size_t counted_days_max = 1'000;
std::uint64_t messages_of(const report::DmarcReport& report) {
  std::uint64_t sum = 0;
  for (const report::DmarcRow& row : report.rows) {
    // What a reporter claims, bounded so that sums stay sums.
    sum += std::min<std::uint64_t>(row.count, UINT32_MAX);
  }
  return sum;
}

ReportIdentity identity_of(const report::DmarcReport& report) {
  return {to_lower(report.published.domain), report.begin, report.organization, report.id};
}

// What the mail holds, worked out off the core.
struct Unpacked {
  std::optional<report::DmarcReport> report;
  std::optional<report::TlsReport> tls;
  std::string record;
  End end = End::not_a_report;
  std::string text;
};

// As much as its like of DMARC may hold.
void unpack_tls(std::string_view content, Unpacked& out) {
  auto parsed = report::parse_tls_report(content);
  if (!parsed) {
    out.end = End::refused;
    out.text = parsed.error();
    return;
  }
  const std::string json = report::encode_tls_report(*parsed);
  if (json.size() > report::tls_report_limits::octets) {
    out.end = End::refused;
    out.text = report::describe(report::ReceivedReportError::hostile);
    return;
  }
  out.tls = *std::move(parsed);
  out.record = gzip(json);
}

Unpacked unpack(std::string_view message, bool takes_tls) {
  Unpacked out;
  auto found = report::extract_report(message);
  if (!found) {
    const bool is_none = found.error() == report::ReceivedReportError::none;
    out.end = is_none ? End::not_a_report : End::refused;
    out.text = report::describe(found.error());
    return out;
  }
  if (found->format == report::ReportFormat::json) {
    if (takes_tls) {
      unpack_tls(found->content, out);
      return out;
    }
    out.text = "a report on TLS, which is not read here";
    return out;
  }
  auto parsed = report::parse_dmarc_report(found->content);
  if (!parsed) {
    out.end = End::refused;
    out.text = parsed.error();
    return out;
  }
  const std::string xml = report::encode_dmarc_report(*parsed);
  if (xml.size() > report::dmarc_report_limits::octets) {
    out.end = End::refused;
    out.text = report::describe(report::ReceivedReportError::hostile);
    return out;
  }
  out.report = *std::move(parsed);
  out.record = gzip(xml);
  return out;
}

std::optional<report::DmarcReport> parse_record(std::string_view octets) {
  auto xml = report::gunzip_report(octets, report::dmarc_report_limits::octets);
  if (!xml) {
    return std::nullopt;
  }
  auto report = report::parse_dmarc_report(*xml);
  return report ? std::optional(*std::move(report)) : std::nullopt;
}

using SourceKey = std::pair<std::string, std::string>;  // domain, address

void add(ReportSummary& summary, std::map<SourceKey, ReportedSource>& sources,
         const report::DmarcReport& report) {
  const std::string domain = to_lower(report.published.domain);
  summary.reports.push_back({domain, policy::report_day(report.begin), report.organization,
                             report.id, report.published.policy, messages_of(report)});
  for (const report::DmarcRow& row : report.rows) {
    ReportedSource& source = sources[{domain, row.source_ip}];
    source.domain = domain;
    source.address = row.source_ip;
    const std::uint64_t count = std::min<std::uint64_t>(row.count, UINT32_MAX);
    source.messages += count;
    source.dkim_aligned += row.dkim_aligned ? count : 0;
    source.spf_aligned += row.spf_aligned ? count : 0;
    source.aligned += row.dkim_aligned || row.spf_aligned ? count : 0;
    source.quarantined += row.disposition == report::DmarcDisposition::quarantine ? count : 0;
    source.rejected += row.disposition == report::DmarcDisposition::reject ? count : 0;
  }
}

}  // namespace

std::string report_record_name(const report::DmarcReport& report) {
  return report_fact_name(identity_of(report));
}

engine::Task<ReportReading> ReportDesk::read(SharedOctets message) {
  Unpacked unpacked;
  const auto done = co_await doors_.reactor.offload(
      [&message, &unpacked, takes_tls = doors_.tls != nullptr] {
        unpacked = unpack(message.view(), takes_tls);
      },
      engine::Until{});
  if (!done) {
    co_return ReportReading{End::store_failed, {}, {}, "the server is going down"};
  }
  if (unpacked.tls) {
    co_return co_await doors_.tls->keep(*std::move(unpacked.tls), std::move(unpacked.record));
  }
  if (!unpacked.report) {
    co_return ReportReading{unpacked.end, {}, {}, std::move(unpacked.text)};
  }
  co_return co_await keep(*std::move(unpacked.report), std::move(unpacked.record));
}

engine::Task<ReportReading> ReportDesk::keep(report::DmarcReport report, std::string record) {
  ReportReading out;
  const ReportIdentity identity = identity_of(report);
  out.reporter = shown_name(report.organization);
  out.text = implausible(identity, doors_.reactor.wall_now());
  if (!out.text.empty()) {
    out.end = End::refused;
    co_return out;
  }
  out.domain = identity.domain;
  const auto ours = co_await doors_.is_ours(out.domain);
  if (!ours || !*ours) {
    out.end = ours ? End::refused : End::store_failed;
    out.text = ours ? "a report on a domain that is not ours" : "the directory does not answer";
    co_return out;
  }
  std::string name = report_record_name(report);
  const auto known = co_await doors_.facts.load(FactKind::dmarc_received, name);
  if (known) {
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
  out.text = fmt::format("report {} of {}: {} messages from {} places", shown_name(report.id),
                         policy::report_day(report.begin), messages_of(report), report.rows.size());
  std::vector<store::Fact> facts;
  facts.push_back({std::move(name), std::move(record)});
  const auto saved = co_await doors_.facts.save(FactKind::dmarc_received, std::move(facts));
  if (!saved) {
    out.end = End::store_failed;
    out.text = "the store has no room, or does not answer";
    co_return out;
  }
  ++counts_[prefix];
  out.end = End::kept;
  co_return out;
}

engine::Task<store::StoreResult<std::size_t>> ReportDesk::count_of(std::string prefix) {
  if (const auto known = counts_.find(prefix); known != counts_.end()) {
    co_return known->second;
  }
  const auto count = co_await count_reports(doors_.facts, FactKind::dmarc_received, prefix);
  if (count) {
    if (counts_.size() >= counted_days_max) {
      counts_.clear();
    }
    counts_[prefix] = *count;
  }
  co_return count;
}

engine::Task<store::StoreResult<ReportSummary>> ReportDesk::summarize(Question question) {
  ReportSummary out;
  std::map<SourceKey, ReportedSource> sources;
  ReportWalk walk(doors_.facts, FactKind::dmarc_received, question.domain, question.since,
                  summary_reports_max);
  while (!walk.is_over()) {
    const auto facts = co_await walk.next();
    if (!facts) {
      co_return failure(facts.error());
    }
    const auto done = co_await doors_.reactor.offload(
        [&facts, &out, &sources] {
          for (const store::Fact& fact : *facts) {
            if (const auto report = parse_record(fact.value)) {
              add(out, sources, *report);
            }
          }
        },
        engine::Until{});
    if (!done) {
      co_return failure(store::StoreError::closed);
    }
  }
  out.is_cut = out.is_cut || walk.is_cut();
  for (auto& [key, source] : sources) {
    out.sources.push_back(std::move(source));
  }
  std::ranges::stable_sort(out.sources, [](const ReportedSource& a, const ReportedSource& b) {
    return a.domain == b.domain ? a.messages > b.messages : a.domain < b.domain;
  });
  co_return out;
}

engine::Task<std::size_t> ReportDesk::sweep(WallTime now, Duration keep) {
  const std::size_t removed = co_await sweep_reports(doors_.facts, FactKind::dmarc_received,
                                                     policy::report_day(now - keep));
  if (removed > 0) {
    counts_.clear();
  }
  co_return removed;
}

}  // namespace postrider::flow
