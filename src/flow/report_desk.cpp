#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/base64.hpp>
#include <postrider/base/digest.hpp>
#include <postrider/base/gzip.hpp>
#include <postrider/base/text.hpp>
#include <postrider/codec/report/received_report.hpp>
#include <postrider/flow/report_desk.hpp>
#include <postrider/policy/day_tally.hpp>

namespace postrider::flow {

namespace {

using End = ReportReading::End;
using store::FactKind;

constexpr std::size_t page = 64;  // records read at a time
constexpr std::size_t counted_days_max = 1'000;
constexpr std::size_t shown_octets_max = 200;  // of a name that a reporter gives itself

std::string name_of(const std::string& said) {
  return quoted_for_log(said, shown_octets_max);
}

std::uint64_t messages_of(const report::DmarcReport& report) {
  std::uint64_t sum = 0;
  for (const report::DmarcRow& row : report.rows) {
    // What a reporter claims, bounded so that sums stay sums.
    sum += std::min<std::uint64_t>(row.count, UINT32_MAX);
  }
  return sum;
}

std::string prefix_of(const report::DmarcReport& report) {
  return to_lower(report.published.domain) + ' ' + policy::report_day(report.begin);
}

// What the mail holds, worked out off the core.
struct Unpacked {
  std::optional<report::DmarcReport> report;
  std::string record;
  End end = End::not_a_report;
  std::string text;
};

Unpacked unpack(std::string_view message) {
  Unpacked out;
  auto found = report::extract_report(message);
  if (!found) {
    const bool is_none = found.error() == report::ReceivedReportError::none;
    out.end = is_none ? End::not_a_report : End::refused;
    out.text = report::describe(found.error());
    return out;
  }
  if (found->format == report::ReportFormat::json) {
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
  const Sha256Digest digest = sha256(report.organization + '\n' + report.id);
  return prefix_of(report) + ' ' + encode_hex(digest.view().substr(0, 16));
}

engine::Task<ReportReading> ReportDesk::read(SharedOctets message) {
  Unpacked unpacked;
  const auto done = co_await doors_.reactor.offload(
      [&message, &unpacked] { unpacked = unpack(message.view()); }, engine::Until{});
  if (!done) {
    co_return ReportReading{End::store_failed, {}, {}, "the server is going down"};
  }
  if (!unpacked.report) {
    co_return ReportReading{unpacked.end, {}, {}, std::move(unpacked.text)};
  }
  co_return co_await keep(*std::move(unpacked.report), std::move(unpacked.record));
}

engine::Task<ReportReading> ReportDesk::keep(report::DmarcReport report, std::string record) {
  ReportReading out;
  out.domain = to_lower(report.published.domain);
  out.reporter = name_of(report.organization);
  const WallTime now = doors_.reactor.wall_now();
  if (out.domain.empty() || out.domain.size() > 255 || out.domain.find(' ') != out.domain.npos ||
      report.begin > now + std::chrono::days(2) || report.begin < now - std::chrono::days(400)) {
    out.end = End::refused;
    out.text = "it names no domain, or a time that can't be";
    out.domain.clear();
    co_return out;
  }
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
  const std::string prefix = prefix_of(report);
  const auto count = co_await count_of(prefix);
  if (!count || *count >= reports_a_day_max) {
    out.end = count ? End::refused : End::store_failed;
    out.text = count ? "more reports of one day than are kept" : "the store does not answer";
    co_return out;
  }
  out.text = fmt::format("report {} of {}: {} messages from {} places", name_of(report.id),
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
  std::size_t count = 0;
  std::string after = prefix;
  for (bool more = true; more;) {
    const auto facts = co_await doors_.facts.list(FactKind::dmarc_received, after, page);
    if (!facts) {
      co_return failure(facts.error());
    }
    more = facts->size() == page;
    for (const store::Fact& fact : *facts) {
      more = more && fact.name.starts_with(prefix);
      count += fact.name.starts_with(prefix) ? 1 : 0;
      after = fact.name;
    }
  }
  if (counts_.size() >= counted_days_max) {
    counts_.clear();
  }
  counts_[prefix] = count;
  co_return count;
}

engine::Task<store::StoreResult<ReportSummary>> ReportDesk::summarize(Question question) {
  ReportSummary out;
  std::map<SourceKey, ReportedSource> sources;
  const std::string prefix = question.domain.empty() ? "" : to_lower(question.domain) + ' ';
  std::string after = prefix;
  for (bool more = true; more;) {
    const auto facts = co_await doors_.facts.list(FactKind::dmarc_received, after, page);
    if (!facts) {
      co_return failure(facts.error());
    }
    more = facts->size() == page;
    std::vector<const store::Fact*> wanted;
    for (const store::Fact& fact : *facts) {
      after = fact.name;
      if (!fact.name.starts_with(prefix)) {
        more = false;
        break;
      }
      const std::size_t blank = fact.name.find(' ');
      const bool is_late = blank != std::string::npos &&
                           fact.name.substr(blank + 1, question.since.size()) >= question.since;
      if (is_late && out.reports.size() + wanted.size() >= summary_reports_max) {
        out.is_cut = true;
        more = false;
        break;
      }
      if (is_late) {
        wanted.push_back(&fact);
      }
    }
    const auto done = co_await doors_.reactor.offload(
        [&wanted, &out, &sources] {
          for (const store::Fact* fact : wanted) {
            if (const auto report = parse_record(fact->value)) {
              add(out, sources, *report);
            }
          }
        },
        engine::Until{});
    if (!done) {
      co_return failure(store::StoreError::closed);
    }
  }
  for (auto& [key, source] : sources) {
    out.sources.push_back(std::move(source));
  }
  std::ranges::stable_sort(out.sources, [](const ReportedSource& a, const ReportedSource& b) {
    return a.domain == b.domain ? a.messages > b.messages : a.domain < b.domain;
  });
  co_return out;
}

engine::Task<std::size_t> ReportDesk::sweep(WallTime now, Duration keep) {
  const std::string oldest = policy::report_day(now - keep);
  std::size_t removed = 0;
  std::string after;
  for (bool more = true; more;) {
    const auto facts = co_await doors_.facts.list(FactKind::dmarc_received, after, page);
    if (!facts) {
      co_return removed;
    }
    more = facts->size() == page;
    std::vector<std::string> names;
    for (const store::Fact& fact : *facts) {
      after = fact.name;
      const std::size_t blank = fact.name.find(' ');
      if (blank == std::string::npos || fact.name.substr(blank + 1, oldest.size()) < oldest) {
        names.push_back(fact.name);
      }
    }
    if (!names.empty()) {
      removed += names.size();
      counts_.clear();
      // (void): what stays is found again tomorrow.
      (void)co_await doors_.facts.remove(FactKind::dmarc_received, std::move(names));
    }
  }
  co_return removed;
}

}  // namespace postrider::flow
