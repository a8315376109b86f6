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

// Reads what is asked for, some at a time, in the order of domain and day. The store outlives it.
class ReportWalk {
 public:
  // domain: empty, all; since: "2026-11-22", empty: of any day; most: as many are given.
  ReportWalk(store::FactStore& facts, store::FactKind kind, const std::string& domain,
             std::string since, std::size_t most);
  [[nodiscard]] bool is_over() const { return is_over_; }
  [[nodiscard]] bool is_cut() const { return is_cut_; }  // there were more than the most
  // The next ones, at most report_page; there may be none, and more behind them.
  [[nodiscard]] engine::Task<store::StoreResult<std::vector<store::Fact>>> next();

 private:
  store::FactStore& facts_;
  store::FactKind kind_;
  std::string prefix_, after_, since_;
  std::size_t left_;
  bool is_over_ = false, is_cut_ = false;
};

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
