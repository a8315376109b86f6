#include "load_run.hpp"

#include "answer.hpp"
#include "latency_report.hpp"

#include <fmt/core.h>

#include <postrider/base/json.hpp>

namespace postrider::tools {

namespace {

constexpr std::size_t reasons_max = 20;

}  // namespace

std::optional<LoadRun::Ticket> LoadRun::next_ticket() {
  if (stopped_ || next_ == settings_.messages) {
    return std::nullopt;
  }
  Ticket ticket{.sequence = next_++, .due = {}};
  if (settings_.rate > 0) {
    const double offset = static_cast<double>(ticket.sequence) / settings_.rate;
    ticket.due =
        began_ + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(offset));
  }
  return ticket;
}

void LoadRun::on_accepted(MonoTime began, MonoTime now) {
  latency_.record(now - began);
  ended_ = now;
}

void LoadRun::on_failed(const std::string& why, MonoTime now) {
  ++failed_;
  ended_ = now;
  ++reasons_[reasons_.contains(why) || reasons_.size() < reasons_max ? why : "others"];
}

double LoadRun::seconds() const {
  return std::chrono::duration<double>(ended_ - began_).count();
}

std::string LoadRun::progress(MonoTime now) const {
  const double elapsed = std::chrono::duration<double>(now - began_).count();
  return fmt::format("{:6.1f} s  {} of {} accepted ({:.0f}/s), {} failed\n", elapsed, accepted(),
                     settings_.messages, static_cast<double>(accepted()) / elapsed, failed_);
}

std::string LoadRun::table() const {
  const double rate = seconds() > 0 ? static_cast<double>(accepted()) / seconds() : 0;
  std::string out =
      fmt::format("run {:016x}: {} accepted, {} failed in {:.3f} s ({:.0f}/s), {} connections\n",
                  run_, accepted(), failed_, seconds(), rate, connections_);
  Table table = latency_table();
  add_latencies(table, settings_.rate > 0 ? "accept latency, from the schedule" : "accept latency",
                latency_);
  if (settings_.rate > 0) {
    add_latencies(table, "sent after the schedule", lateness_);
  }
  out += table.text();
  for (const auto& [why, count] : reasons_) {
    out += fmt::format("failed {}: {}\n", count, why);
  }
  return out;
}

std::string LoadRun::json() const {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("run", std::string_view(fmt::format("{:016x}", run_)));
  json.member("messages", settings_.messages).member("accepted", accepted());
  json.member("failed", failed_).member("connections", connections_);
  json.member("seconds", seconds());
  json.member("rate", seconds() > 0 ? static_cast<double>(accepted()) / seconds() : 0.0);
  json.member("open_loop", settings_.rate > 0);
  write_latencies(json, "accept_ms", latency_);
  if (settings_.rate > 0) {
    write_latencies(json, "late_ms", lateness_);
  }
  json.key("failures").begin_object();
  for (const auto& [why, count] : reasons_) {
    json.member(why, count);
  }
  json.end_object().end_object();
  return out + "\n";
}

}  // namespace postrider::tools
