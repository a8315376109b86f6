#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/base/time.hpp>

namespace postrider::report {

// Of reports from outside.
namespace tls_report_limits {
inline constexpr std::size_t octets = 8UL << 20;
inline constexpr std::size_t policies = 100;
inline constexpr std::size_t details = 10'000;          // of all policies
inline constexpr std::size_t texts = 100;               // of each list
inline constexpr std::size_t text_octets = 1'000;       // of each text; the rest is cut off
inline constexpr std::uint64_t sessions = 1ULL << 40U;  // of each count; more count as so many
}  // namespace tls_report_limits

// RFC 8460 4.3: why no session, or no trusted one, came about.
enum class TlsFailureType : std::uint8_t {
  starttls_not_supported,
  certificate_host_mismatch,
  certificate_expired,
  certificate_not_trusted,
  validation_failure,  // anything else
  tlsa_invalid,
  dnssec_invalid,
  dane_required,
  sts_policy_fetch_error,
  sts_policy_invalid,
  sts_webpki_invalid,
};
inline constexpr std::uint8_t tls_failure_types = 11;
[[nodiscard]] std::string_view describe(TlsFailureType type);

enum class TlsPolicyType : std::uint8_t { no_policy_found, tlsa, sts };
[[nodiscard]] std::string_view describe(TlsPolicyType type);

// RFC 8460 4.4; empty fields are left out.
struct TlsFailureDetail {
  TlsFailureType type = TlsFailureType::validation_failure;
  std::string sending_ip;
  std::string receiving_host;
  std::string receiving_helo;
  std::string receiving_ip;
  std::string reason;  // failure-reason-code: words of ours
  std::uint64_t sessions = 0;
  friend bool operator==(const TlsFailureDetail&, const TlsFailureDetail&) = default;
};

struct TlsPolicyReport {
  TlsPolicyType type = TlsPolicyType::no_policy_found;
  std::vector<std::string> text;  // policy-string: the lines of the policy, or the TLSA records
  std::string domain;
  std::vector<std::string> mx;  // mx-host: the patterns of an MTA-STS policy
  std::uint64_t successful = 0;
  std::uint64_t failed = 0;
  std::vector<TlsFailureDetail> details;
  friend bool operator==(const TlsPolicyReport&, const TlsPolicyReport&) = default;
};

struct TlsReport {
  std::string organization;
  WallTime begin{};
  WallTime end{};
  std::string contact;
  std::string id;
  std::vector<TlsPolicyReport> policies;
  friend bool operator==(const TlsReport&, const TlsReport&) = default;
};

// RFC 8460 4.4, as JSON.
[[nodiscard]] std::string encode_tls_report(const TlsReport& report);
// What others send. A failure of a type that is not known is a validation_failure whose reason is
// that type. Errors: what is wrong, for people. Memory: up to 20 times the input.
[[nodiscard]] Result<TlsReport, std::string> parse_tls_report(std::string_view json);
// RFC 8460 5.1: "sender!policy-domain!begin!end!id.json.gz".
[[nodiscard]] std::string tls_report_file_name(std::string_view sender, std::string_view domain,
                                               const TlsReport& report);

}  // namespace postrider::report
