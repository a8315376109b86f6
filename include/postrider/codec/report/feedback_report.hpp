#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/result.hpp>
#include <postrider/base/time.hpp>

namespace postrider::report {

// A feedback report (ARF): what a feedback loop sends when a recipient complains (RFC 5965), or
// what a receiver says about authentication that failed (RFC 6591).
struct FeedbackReport {
  std::string feedback_type;  // "abuse", "fraud", "virus", "not-spam", "auth-failure"; lower case
  std::string user_agent;
  std::optional<std::string> original_envelope_id;
  std::optional<std::string> original_mail_from;  // without brackets
  std::vector<std::string> original_recipients;   // Original-Rcpt-To, without brackets
  std::vector<std::string> reported_domains;
  std::vector<std::string> reported_uris;
  std::vector<std::string> authentication_results;
  std::optional<WallTime> arrival_date;
  std::optional<IpAddress> source_ip;
  std::optional<std::string> reporting_mta;  // without its type
  std::uint64_t incidents = 1;
  std::string words;                    // the first part, decoded
  std::optional<std::string> original;  // the message it is about, or its header alone, decoded
  bool original_is_full = false;
};

// Values of one repeated field that are read.
inline constexpr std::size_t max_feedback_values = 100;

enum class FeedbackError : std::uint8_t {
  not_a_report,       // no multipart/report of feedback-report
  unreadable_report,  // it says it is one, but lacks its part, its type or its version
};

// In: a whole message. Fields that are unknown or unreadable are skipped.
[[nodiscard]] Result<FeedbackReport, FeedbackError> parse_feedback_report(std::string_view message);

}  // namespace postrider::report
