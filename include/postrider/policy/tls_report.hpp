#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/codec/report/tlsrpt.hpp>
#include <postrider/policy/day_tally.hpp>

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

// A domain is counted on its home core only.
struct TlsDay {
  using Fact = TlsSessionFact;
  using Counts = TlsDayCounts;
  static constexpr std::size_t domains = tls_report_limits::domains;
  static void add(Counts& counts, const Fact& fact) { add_fact(counts, fact); }
  static void merge(Counts& into, const Counts& more) { merge_counts(into, more); }
  [[nodiscard]] static std::string encode(const Counts& counts) { return encode_counts(counts); }
  [[nodiscard]] static std::optional<Counts> parse(std::string_view octets) {
    return parse_counts(octets);
  }
};
using TlsReportTally = DayTally<TlsDay>;

}  // namespace postrider::policy
