#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/base/time.hpp>

namespace postrider::report {

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
};

struct TlsPolicyReport {
  TlsPolicyType type = TlsPolicyType::no_policy_found;
  std::vector<std::string> text;  // policy-string: the lines of the policy, or the TLSA records
  std::string domain;
  std::vector<std::string> mx;  // mx-host: the patterns of an MTA-STS policy
  std::uint64_t successful = 0;
  std::uint64_t failed = 0;
  std::vector<TlsFailureDetail> details;
};

struct TlsReport {
  std::string organization;
  WallTime begin{};
  WallTime end{};
  std::string contact;
  std::string id;
  std::vector<TlsPolicyReport> policies;
};

// RFC 8460 4.4, as JSON.
[[nodiscard]] std::string encode_tls_report(const TlsReport& report);
// RFC 8460 5.1: "sender!policy-domain!begin!end!id.json.gz".
[[nodiscard]] std::string tls_report_file_name(std::string_view sender, std::string_view domain,
                                               const TlsReport& report);

}  // namespace postrider::report
