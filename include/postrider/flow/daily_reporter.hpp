#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/time.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/flow/intake.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/net/tls_context.hpp>
#include <postrider/policy/day_tally.hpp>

namespace postrider::flow {

struct ReporterSettings {
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

struct SentReport {
  std::string domain;
  std::string to;  // address or URL; empty: nobody asks for it any more
  bool is_sent = false;
  std::string problem;  // why not, for people
};

struct ReportDraft {
  std::string domain;
  std::string text;  // of the format
};

// Sends what was counted on past days to those whom it is about, a report a domain and day.
// What the reports look like and who wants them is the format's. Shard: core 0. The doors outlive
// it; drain() before it is destroyed.
class DailyReporter {
 public:
  struct Doors {
    engine::Reactor& reactor;
    net::Resolver& resolver;
    policy::DayShelf& shelf;
    const net::TlsContext* tls = nullptr;  // TlsVerify::require; nullptr: HTTPS is left out
    std::function<Intake*()> intake;       // the one of now: a reload replaces it
    // All cores: what was counted is on the shelf when it ends.
    std::function<engine::Task<void>()> flush;
  };
  DailyReporter(Doors doors, ReporterSettings settings);
  DailyReporter(const DailyReporter&) = delete;
  DailyReporter& operator=(const DailyReporter&) = delete;
  virtual ~DailyReporter() = default;

  // From the next report on.
  void set(ReporterSettings settings) { settings_ = std::move(settings); }
  [[nodiscard]] bool is_enabled() const { return settings_.enabled; }

  // The report on one day ("2026-11-22") for each domain with counts.
  [[nodiscard]] engine::Task<std::vector<ReportDraft>> preview(std::string day);
  // Sends what was counted on that day now. What one place at least has taken, or nobody asks for,
  // is forgotten.
  [[nodiscard]] engine::Task<std::vector<SentReport>> send(std::string day);

  // Sends each day's reports after its end, until drain().
  void start();
  [[nodiscard]] engine::Task<void> drain();

 protected:
  // One domain on one day.
  struct Counted {
    std::string day;
    std::string domain;
    std::vector<policy::DayShelf::Entry> entries;  // of each core that counted it
    [[nodiscard]] WallTime begin() const;
    [[nodiscard]] WallTime end() const;  // its last second
  };
  // Empty: nothing of it can be read.
  [[nodiscard]] virtual std::string draft(const Counted& counted) const = 0;
  // True: there is nothing left to do for it, or nothing of it can be read.
  [[nodiscard]] virtual engine::Task<bool> send_one(const Counted& counted,
                                                    std::vector<SentReport>& sent) = 0;

  // The TXT strings at a name; nullopt: DNS does not say now.
  [[nodiscard]] engine::Task<std::optional<std::vector<std::string>>> find_texts(std::string name);
  // Hands a complete message in; it is signed there.
  [[nodiscard]] engine::Task<SentReport> submit(SentReport about, std::string octets);
  [[nodiscard]] std::string random_token();

  [[nodiscard]] const Doors& doors() const { return doors_; }
  [[nodiscard]] const ReporterSettings& settings() const { return settings_; }
  [[nodiscard]] engine::CancelToken closing() { return gate_.closing(); }

 private:
  [[nodiscard]] engine::Task<void> run(engine::Gate::Pass pass);
  [[nodiscard]] engine::Task<void> send_past();
  [[nodiscard]] engine::Task<std::vector<Counted>> load(std::string day);
  [[nodiscard]] engine::Task<void> forget(const Counted& counted);

  Doors doors_;
  ReporterSettings settings_;
  engine::Gate gate_;
};

}  // namespace postrider::flow
