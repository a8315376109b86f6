#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/codec/report/dmarc_report.hpp>
#include <postrider/policy/day_tally.hpp>
#include <postrider/policy/inbound_verdict.hpp>

// What DMARC found, counted for the reports to those whose domains were in From (RFC 9990).
namespace postrider::policy {

namespace dmarc_count_limits {
// Of one domain and day: messages on top are left out.
inline constexpr std::size_t rows = 2'000;
inline constexpr std::size_t signatures = 10;   // of one row
inline constexpr std::size_t domains = 10'000;  // with counts that are not written yet, per core
}  // namespace dmarc_count_limits

// One message.
struct DmarcFact {
  std::string domain;  // whose record applied
  report::DmarcPublished published;
  report::DmarcRow row;
};

// nullopt: nobody asks for a report of it (no record, or none with rua=), or nothing is known: DNS
// did not answer, or the client's address is not known.
[[nodiscard]] std::optional<DmarcFact> dmarc_fact(const SenderAuthResult& found,
                                                  const SenderAuthRequest& request,
                                                  const Evidence& evidence,
                                                  const InboundRules& rules);

// What was counted of one domain on one day: the record as it was last, rows by what makes them
// differ.
struct DmarcDayCounts {
  report::DmarcPublished published;
  std::map<std::string, report::DmarcRow> rows;
  friend bool operator==(const DmarcDayCounts&, const DmarcDayCounts&) = default;
};

// A domain is counted on each core: its records are put together by who reads them.
struct DmarcDay {
  using Fact = DmarcFact;
  using Counts = DmarcDayCounts;
  static constexpr std::size_t domains = dmarc_count_limits::domains;
  static void add(Counts& counts, const Fact& fact);
  static void merge(Counts& into, const Counts& more);
  // As the XML of a report without its head.
  [[nodiscard]] static std::string encode(const Counts& counts);
  [[nodiscard]] static std::optional<Counts> parse(std::string_view octets);
};
using DmarcTally = DayTally<DmarcDay>;

}  // namespace postrider::policy
