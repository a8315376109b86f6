#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <postrider/base/time.hpp>
#include <postrider/codec/report/tlsrpt.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/flow/report_desk.hpp>
#include <postrider/store/fact_store.hpp>

// What others report of TLS with domains of ours (RFC 8460): anybody may send it, and what it says
// is what its sender says.
namespace postrider::flow {

struct ReportedTls {
  std::string domain;
  std::string day;  // "2026-11-22": when its time began
  std::string reporter;
  std::string id;
  std::string policies;  // the types that they found: "sts tlsa"
  std::uint64_t successful = 0;
  std::uint64_t failed = 0;
};
// Failures that were alike, of all reports together.
struct ReportedTlsFailure {
  std::string domain;
  std::string type;  // RFC 8460 4.3
  std::string host;  // that received; empty: not said
  std::string reason;
  std::uint64_t sessions = 0;
  std::uint64_t reports = 0;
};
struct TlsReportSummary {
  std::vector<ReportedTls> reports;          // by domain and day
  std::vector<ReportedTlsFailure> failures;  // by domain, most sessions first
  bool is_cut = false;                       // more than summary_reports_max or the next
};
inline constexpr std::size_t summary_failures_max = 10'000;

// Shard: that of the FactStore; it outlives the desk.
class TlsReportDesk {
 public:
  struct Doors {
    engine::Reactor& reactor;
    store::FactStore& facts;
    std::function<engine::Task<std::optional<bool>>(std::string domain)> is_ours;
  };
  explicit TlsReportDesk(Doors doors) : doors_(std::move(doors)) {}

  // `record`: the report as encode_tls_report and gzip made it. Refused, unless all of it is on one
  // domain, and that one is ours. Durable when it says `kept`.
  [[nodiscard]] engine::Task<ReportReading> keep(report::TlsReport report, std::string record);
  [[nodiscard]] engine::Task<store::StoreResult<TlsReportSummary>> summarize(
      ReportDesk::Question question);
  // Removes what is older. Out: how many.
  [[nodiscard]] engine::Task<std::size_t> sweep(WallTime now, Duration keep);

 private:
  [[nodiscard]] engine::Task<store::StoreResult<std::size_t>> count_of(std::string prefix);

  Doors doors_;
  std::map<std::string, std::size_t> counts_;  // by domain and day; what the store holds
};

}  // namespace postrider::flow
