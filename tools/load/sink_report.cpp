#include "sink_report.hpp"

#include "answer.hpp"
#include "latency_report.hpp"

#include <fmt/core.h>

#include <postrider/base/json.hpp>

namespace postrider::tools {

namespace {

double seconds_between(WallTime from, WallTime to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

std::string sink_json(const SinkState& state) {
  const auto& counts = state.tally.counts();
  const auto& counters = state.counters;
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("connections", counters.connections);
  json.member("messages", counts.messages).member("deliveries", counts.deliveries);
  json.member("distinct", counts.distinct).member("duplicates", counts.duplicates);
  json.member("without_id", counts.without_id).member("refused", counters.refused);
  json.member("dropped", counters.dropped).member("octets", counts.octets);
  json.member("first_ms", unix_millis(counters.first));
  json.member("last_ms", unix_millis(counters.last));
  json.member("seconds", seconds_between(counters.first, counters.last));
  write_latencies(json, "deliver_ms", state.latency);
  json.end_object();
  return out + "\n";
}

std::string sink_table(const SinkState& state) {
  const auto& counts = state.tally.counts();
  const auto& counters = state.counters;
  Table table({"messages", "deliveries", "distinct", "duplicates", "without id", "refused",
               "dropped", "connections", "MB", "seconds"});
  table.add({std::to_string(counts.messages), std::to_string(counts.deliveries),
             std::to_string(counts.distinct), std::to_string(counts.duplicates),
             std::to_string(counts.without_id), std::to_string(counters.refused),
             std::to_string(counters.dropped), std::to_string(counters.connections),
             fmt::format("{:.1f}", static_cast<double>(counts.octets) / 1e6),
             fmt::format("{:.3f}", seconds_between(counters.first, counters.last))});
  std::string out = table.text();
  if (state.latency.count() > 0) {
    Table latency = latency_table();
    add_latencies(latency, "from the generator to here", state.latency);
    out += latency.text();
  }
  return out;
}

}  // namespace postrider::tools
