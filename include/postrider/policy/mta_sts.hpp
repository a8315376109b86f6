#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/base/time.hpp>

// MTA-STS (RFC 8461): what a domain says of itself, read from the texts it publishes. Pure.
namespace postrider::policy {

namespace sts_limits {
inline constexpr std::size_t policy_octets = 64UL * 1024;             // RFC 8461 3.3 suggests 64 KB
inline constexpr std::size_t id_octets = 32;                          // RFC 8461 3.1
inline constexpr std::size_t patterns = 256;                          // mx lines of one policy
inline constexpr Duration max_age{std::chrono::seconds(31'557'600)};  // RFC 8461 3.2: a year
}  // namespace sts_limits

enum class StsRecordError : std::uint8_t {
  absent,     // no TXT record of this version: the domain has no MTA-STS
  ambiguous,  // more than one: as if there were none (RFC 8461 3.1)
  malformed,  // one that breaks the grammar: as if there were none
};
[[nodiscard]] std::string_view describe(StsRecordError error);

// The id of the policy that the TXT records of _mta-sts.DOMAIN announce (RFC 8461 3.1).
[[nodiscard]] Result<std::string, StsRecordError> parse_sts_record(
    const std::vector<std::string>& records);

enum class StsMode : std::uint8_t {
  none,     // the domain withdraws from MTA-STS
  testing,  // failures are reported, mail goes on
  enforce,  // mail goes to verified hosts only
};
[[nodiscard]] std::string_view describe(StsMode mode);

struct StsPolicy {
  StsMode mode = StsMode::none;
  Duration max_age{};
  std::vector<std::string> mx;  // lower case: "mx.example.org", "*.example.org"

  // Whether a host may be one of the domain's (RFC 8461 4.1): a wildcard stands for exactly one
  // whole label. In: lower case, no final dot.
  [[nodiscard]] bool permits(std::string_view host) const;
  friend bool operator==(const StsPolicy&, const StsPolicy&) = default;
};

// The policy file (RFC 8461 3.2). Errors: what is wrong, for people. Lines may end in LF or CRLF;
// unknown keys are skipped; of repeated keys, but for mx, the first counts. Limits: sts_limits; a
// longer max_age is taken as the longest.
[[nodiscard]] Result<StsPolicy, std::string> parse_sts_policy(std::string_view text);
// As a file that parse_sts_policy reads back to the same value.
[[nodiscard]] std::string encode_sts_policy(const StsPolicy& policy);

}  // namespace postrider::policy
