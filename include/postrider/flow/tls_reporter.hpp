#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/report/tlsrpt_record.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/flow/intake.hpp>
#include <postrider/net/http_client.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/policy/tls_report.hpp>

namespace postrider::flow {

struct TlsReporterSettings {
  bool enabled = true;   // false: nothing is sent, and what was counted waits
  std::string hostname;  // the submitter
  std::string organization;
  std::string contact;  // address
  std::string from;     // address
  // RFC 8460 4.1: after midnight UTC, at a random time, so that not all report at once.
  Duration delay_max{std::chrono::hours(4)};
  Duration retry_every{std::chrono::hours(1)};   // what could not be handed over
  Duration retry_until{std::chrono::hours(48)};  // after the day's end; then it is dropped
  Duration post_timeout{std::chrono::seconds(60)};
};

struct SentTlsReport {
  std::string domain;
  std::string to;  // address or URL; empty: nobody asks for it any more
  bool is_sent = false;
  std::string problem;  // why not, for people
};

// Sends the TLS reports of past days (RFC 8460): by mail through the intake, signed there, and by
// HTTPS. Shard: core 0. The doors outlive it; drain() before it is destroyed.
class TlsReporter {
 public:
  struct Doors {
    engine::Reactor& reactor;
    net::Resolver& resolver;
    policy::TlsReportShelf& shelf;
    const net::TlsContext* tls = nullptr;  // TlsVerify::require; nullptr: HTTPS is left out
    std::function<Intake*()> intake;       // the one of now: a reload replaces it
    // All cores: what was counted is on the shelf when it ends.
    std::function<engine::Task<void>()> flush;
  };
  TlsReporter(Doors doors, TlsReporterSettings settings);
  // From the next report on.
  void set(TlsReporterSettings settings) { settings_ = std::move(settings); }
  [[nodiscard]] bool is_enabled() const { return settings_.enabled; }

  // The report on one day ("2026-11-22") as JSON, for each domain with counts.
  struct Draft {
    std::string domain;
    std::string json;
  };
  [[nodiscard]] engine::Task<std::vector<Draft>> preview(std::string day);
  // Sends what was counted on that day now. What one place at least has taken, or nobody asks for,
  // is forgotten.
  [[nodiscard]] engine::Task<std::vector<SentTlsReport>> send(std::string day);

  // Sends each day's reports after its end, until drain().
  void start();
  [[nodiscard]] engine::Task<void> drain();

 private:
  struct Counted {
    std::string name;
    std::string day;
    std::string domain;
    policy::TlsDayCounts counts;
  };
  [[nodiscard]] engine::Task<void> run(engine::Gate::Pass pass);
  [[nodiscard]] engine::Task<void> send_past();
  [[nodiscard]] engine::Task<std::vector<Counted>> load(std::string day);
  [[nodiscard]] engine::Task<std::optional<report::TlsrptRecord>> find_record(std::string domain);
  [[nodiscard]] report::TlsReport make(const Counted& counted) const;
  [[nodiscard]] engine::Task<bool> send_one(const Counted& counted,
                                            std::vector<SentTlsReport>& sent);
  [[nodiscard]] engine::Task<SentTlsReport> send_mail(const Counted& counted,
                                                      report::TlsReport report, std::string gzipped,
                                                      std::string to);
  [[nodiscard]] engine::Task<SentTlsReport> post(std::string domain, std::string url,
                                                 std::string gzipped);

  Doors doors_;
  TlsReporterSettings settings_;
  engine::Gate gate_;
};

}  // namespace postrider::flow
