#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <postrider/base/time.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/store/fact_store.hpp>

// Reports of others as facts under "DOMAIN DAY HASH".
namespace postrider::flow {

inline constexpr std::size_t report_page = 64;  // records read at a time

// Those whose name begins so.
[[nodiscard]] engine::Task<store::StoreResult<std::size_t>> count_reports(store::FactStore& facts,
                                                                          store::FactKind kind,
                                                                          std::string prefix);

// Removes those of days before. Out: how many.
[[nodiscard]] engine::Task<std::size_t> sweep_reports(store::FactStore& facts, store::FactKind kind,
                                                      std::string oldest_day);

// "DOMAIN DAY HASH": the same for the same report of the same reporter.
struct ReportIdentity {
  std::string domain;  // lower case
  WallTime begin{};
  std::string organization;
  std::string id;
};
[[nodiscard]] std::string report_fact_prefix(const ReportIdentity& identity);
[[nodiscard]] std::string report_fact_name(const ReportIdentity& identity);
// Why a report can't be of that domain and time; empty: it can.
[[nodiscard]] std::string implausible(const ReportIdentity& identity, WallTime now);

// A name that a reporter gives itself, to be shown.
[[nodiscard]] std::string shown_name(const std::string& said);

}  // namespace postrider::flow
