#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/base/shared_octets.hpp>
#include <postrider/base/time.hpp>
#include <postrider/codec/report/dmarc_report.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/store/fact_store.hpp>

// DMARC's aggregate reports on domains of ours, by others (RFC 9990): anybody may send them, and
// what they say is what their sender says. Those on TLS come the same way (tls_report_desk.hpp).
namespace postrider::flow {

inline constexpr std::size_t reports_a_day_max = 2'000;  // of one domain; further ones are refused

struct ReportReading {
  enum class End : std::uint8_t {
    kept,
    repeated,      // the same report of the same reporter is here already
    refused,       // of a domain that isn't ours, past a limit, or no sound report
    not_a_report,  // a message like others
    store_failed,  // try again
  };
  End end = End::not_a_report;
  std::string domain;    // reported on
  std::string reporter;  // as it calls itself
  std::string text;      // for people
};

// What one host has sent in the name of a domain, all reports together.
struct ReportedSource {
  std::string domain;
  std::string address;
  std::uint64_t messages = 0;
  std::uint64_t dkim_aligned = 0;
  std::uint64_t spf_aligned = 0;
  std::uint64_t aligned = 0;  // by either: DMARC passed
  std::uint64_t quarantined = 0;
  std::uint64_t rejected = 0;
};
struct ReportedOn {
  std::string domain;
  std::string day;  // "2026-11-22": when its time began
  std::string reporter;
  std::string id;
  std::string policy;  // p= that they found
  std::uint64_t messages = 0;
};
struct ReportSummary {
  std::vector<ReportedOn> reports;      // by domain and day
  std::vector<ReportedSource> sources;  // by domain, most messages first
  bool is_cut = false;                  // there are more than summary_reports_max
};
inline constexpr std::size_t summary_reports_max = 10'000;

class TlsReportDesk;

// Reads, keeps and sums up. Shard: that of the FactStore; it outlives the desk.
class ReportDesk {
 public:
  struct Doors {
    engine::Reactor& reactor;
    store::FactStore& facts;
    // Whether reports on that domain (lower case) are ours to have; nullopt: nobody knows now.
    std::function<engine::Task<std::optional<bool>>(std::string domain)> is_ours;
    TlsReportDesk* tls = nullptr;  // takes reports on TLS (RFC 8460); nullptr: they are mail
  };
  explicit ReportDesk(Doors doors) : doors_(std::move(doors)) {}

  // A whole message that came to the address for reports. Durable when it says `kept`.
  // Cost: off the core.
  [[nodiscard]] engine::Task<ReportReading> read(SharedOctets message);

  struct Question {
    std::string domain;  // empty: all
    std::string since;   // a day; empty: all
  };
  [[nodiscard]] engine::Task<store::StoreResult<ReportSummary>> summarize(Question question);

  // Removes what is older. Out: how many.
  [[nodiscard]] engine::Task<std::size_t> sweep(WallTime now, Duration keep);

 private:
  [[nodiscard]] engine::Task<ReportReading> keep(report::DmarcReport report, std::string record);
  [[nodiscard]] engine::Task<store::StoreResult<std::size_t>> count_of(std::string prefix);

  Doors doors_;
  std::map<std::string, std::size_t> counts_;  // by domain and day; what the store holds
};

// "DOMAIN DAY HASH": what it is kept under, the same for the same report of the same reporter.
[[nodiscard]] std::string report_record_name(const report::DmarcReport& report);

}  // namespace postrider::flow
