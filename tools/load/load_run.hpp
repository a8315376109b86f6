#pragma once

#include "histogram.hpp"
#include "load_settings.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <postrider/base/time.hpp>

namespace postrider::tools {

// What the sessions of one run share: who sends which message when, and what came of it.
class LoadRun {
 public:
  LoadRun(const LoadSettings& settings, std::uint64_t run, MonoTime now)
      : settings_(settings), run_(run), began_(now), ended_(now) {}

  struct Ticket {
    std::uint64_t sequence = 0;
    std::optional<MonoTime> due;  // with a rate: not before, and latency counts from then
  };
  // nullopt: no more to send.
  [[nodiscard]] std::optional<Ticket> next_ticket();
  void stop() { stopped_ = true; }

  void on_connected() { ++connections_; }
  // `began`: with a rate the time that it was due, whenever it was sent: a server that stalls is
  // charged for those who had to wait for it (no coordinated omission).
  void on_accepted(MonoTime began, MonoTime now);
  void on_failed(const std::string& why, MonoTime now);
  // By how much a message was sent after it was due.
  void on_late(Duration lateness) { lateness_.record(lateness); }

  [[nodiscard]] std::uint64_t run() const { return run_; }
  [[nodiscard]] std::uint64_t accepted() const { return latency_.count(); }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }
  [[nodiscard]] bool is_complete() const { return accepted() == settings_.messages; }
  [[nodiscard]] std::string progress(MonoTime now) const;
  [[nodiscard]] std::string table() const;
  [[nodiscard]] std::string json() const;

 private:
  [[nodiscard]] double seconds() const;

  const LoadSettings& settings_;
  std::uint64_t run_;
  MonoTime began_;
  MonoTime ended_;  // the last outcome
  std::uint64_t next_ = 0;
  bool stopped_ = false;
  std::uint64_t connections_ = 0;
  std::uint64_t failed_ = 0;
  std::map<std::string, std::uint64_t> reasons_;  // at most reasons_max
  Histogram latency_;
  Histogram lateness_;
};

}  // namespace postrider::tools
