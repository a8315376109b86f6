#include "latency_report.hpp"

#include <fmt/core.h>
#include <utility>
#include <vector>

namespace postrider::tools {

namespace {

constexpr std::pair<const char*, double> quantiles[] = {
    {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

void write_latencies(JsonWriter& json, const char* name, const Histogram& histogram) {
  json.key(name).begin_object();
  for (const auto& [label, share] : quantiles) {
    json.member(label, milliseconds(histogram.quantile(share)));
  }
  json.member("max", milliseconds(histogram.max())).member("mean", milliseconds(histogram.mean()));
  json.key("buckets").begin_array();
  for (const auto& bucket : histogram.buckets()) {
    json.begin_array().value(milliseconds(bucket.upper)).value(bucket.count).end_array();
  }
  json.end_array().end_object();
}

Table latency_table() {
  std::vector<std::string> columns{"ms"};
  for (const auto& quantile : quantiles) {
    columns.emplace_back(quantile.first);
  }
  columns.emplace_back("max");
  return Table(std::move(columns));
}

void add_latencies(Table& table, const char* what, const Histogram& histogram) {
  std::vector<std::string> row{what};
  for (const auto& quantile : quantiles) {
    row.push_back(fmt::format("{:.2f}", milliseconds(histogram.quantile(quantile.second))));
  }
  row.push_back(fmt::format("{:.2f}", milliseconds(histogram.max())));
  table.add(std::move(row));
}

}  // namespace postrider::tools
