#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <postrider/base/time.hpp>
#include <postrider/codec/report/tlsrpt.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>

// What TLS with the hosts of other domains was like, counted for their reports (RFC 8460).
namespace postrider::policy {

namespace tls_report_limits {
// Of one domain and day: what comes on top is counted, but under the last of its kind.
inline constexpr std::size_t policies = 16;
inline constexpr std::size_t details = 64;
inline constexpr std::size_t text_octets = 256;  // each text of a detail
inline constexpr std::size_t domains = 50'000;   // with counts that are not written yet, per core
}  // namespace tls_report_limits

// One attempt to have a session with one host of a domain.
struct TlsSessionFact {
  std::string domain;  // of the recipients
  report::TlsPolicyType type = report::TlsPolicyType::no_policy_found;
  std::vector<std::string> policy_text;
  std::vector<std::string> policy_mx;
  // nullopt: a session that satisfied the policy.
  std::optional<report::TlsFailureType> failure;
  std::string reason;
  std::string sending_ip;
  std::string host;
  std::string receiving_ip;
};

// What was counted of one domain on one day.
using TlsDayCounts = std::vector<report::TlsPolicyReport>;
void add_fact(TlsDayCounts& counts, const TlsSessionFact& fact);
void merge_counts(TlsDayCounts& into, const TlsDayCounts& more);
// As octets that parse_counts reads back to the same value.
[[nodiscard]] std::string encode_counts(const TlsDayCounts& counts);
[[nodiscard]] std::optional<TlsDayCounts> parse_counts(std::string_view octets);

// "2026-11-22", UTC; the days of reports (RFC 8460 4.1).
[[nodiscard]] std::string report_day(WallTime time);
[[nodiscard]] std::optional<WallTime> parse_report_day(std::string_view day);

// Where counts survive a restart: by name, "2026-11-22 example.org"; the store's side is bound by
// app. What can't be written is lost: a report is worth less than mail.
class TlsReportShelf {
 public:
  struct Entry {
    std::string name;
    std::string octets;
  };
  virtual ~TlsReportShelf() = default;
  virtual engine::Task<std::optional<std::string>> load(std::string name) = 0;
  virtual engine::Task<bool> save(std::vector<Entry> entries) = 0;
  virtual engine::Task<void> remove(std::vector<std::string> names) = 0;
  virtual engine::Task<std::vector<Entry>> list(std::string after, std::size_t limit) = 0;
};

// Counts in memory and adds them to the shelf now and then: no write a message.
// Shard: one instance a core; a domain is counted on its home core only, so that nobody else
// changes its record. Its sender reads them after flush().
class TlsReportTally {
 public:
  TlsReportTally(engine::Reactor& reactor, TlsReportShelf& shelf,
                 Duration every = std::chrono::minutes(1));
  TlsReportTally(const TlsReportTally&) = delete;
  TlsReportTally& operator=(const TlsReportTally&) = delete;
  ~TlsReportTally() = default;

  void count(const TlsSessionFact& fact);
  // Switched off, nothing more is counted; what was is written.
  void set_enabled(bool enabled) { is_enabled_ = enabled; }
  [[nodiscard]] bool is_enabled() const { return is_enabled_; }
  // Writes what was counted. One at a time; the next one waits for it.
  [[nodiscard]] engine::Task<void> flush();
  // Flushes now and then until drain().
  void start();
  // Flushes a last time.
  [[nodiscard]] engine::Task<void> drain();
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  [[nodiscard]] engine::Task<void> run(engine::Gate::Pass pass);

  engine::Reactor& reactor_;
  TlsReportShelf& shelf_;
  Duration every_;
  std::map<std::string, TlsDayCounts> fresh_;  // by name
  std::uint64_t dropped_ = 0;
  bool is_enabled_ = true;
  engine::Semaphore writing_;
  engine::Gate gate_;
};

}  // namespace postrider::policy
