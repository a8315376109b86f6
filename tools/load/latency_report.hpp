#pragma once

#include "answer.hpp"
#include "histogram.hpp"

#include <postrider/base/json.hpp>

namespace postrider::tools {

// How generator and sink report latencies, in milliseconds: quantiles, the largest, the mean, and
// the whole histogram for those who want to draw it.
void write_latencies(JsonWriter& json, const char* name, const Histogram& histogram);
// A table whose rows add_latencies() makes.
[[nodiscard]] Table latency_table();
void add_latencies(Table& table, const char* what, const Histogram& histogram);

}  // namespace postrider::tools
