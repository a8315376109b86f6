#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/policy/domain_pattern.hpp>
#include <postrider/policy/mta_sts.hpp>

namespace postrider::policy {

enum class TlsLevel : std::uint8_t {
  off,            // never
  opportunistic,  // where it is offered, unauthenticated; else in the clear (RFC 7435)
  required,       // encrypted, whoever answers
  verified,       // encrypted, and PKIX holds for the host's name
  fingerprint,    // encrypted, and the certificate is one of those named
};
[[nodiscard]] std::string_view describe(TlsLevel level);

// What a connection for one recipient domain must be, whoever asked for it: the configuration, the
// domain itself by DANE (RFC 7672) or MTA-STS (RFC 8461), or the message (RFC 8689). What there is
// of the last three comes on top of the level. Precedence: docs/tls_policy.md.
struct TlsPolicy {
  TlsLevel level = TlsLevel::opportunistic;
  std::vector<std::string> fingerprints;  // SHA-256 of the certificate's DER, octets
  std::string origin = "default";         // for logs and `why`: "default", "[[policy]] example.org"
  // The domain's hosts are known by secure answers: the TLSA records of each host decide for it,
  // where there are some (RFC 7672 2.2).
  bool dane = false;
  // Shared with the cache it came from; nullptr: none. With mode testing nothing is refused.
  std::shared_ptr<const StsPolicy> sts;
  bool require_tls = false;  // RFC 8689: the message must not go but over verified TLS

  // Two domains of one site may share a connection only if these are equal.
  [[nodiscard]] std::string identity() const;
  // Nothing may go in the clear, whatever a single host's TLSA records add to that.
  [[nodiscard]] bool is_mandatory() const {
    return level > TlsLevel::opportunistic || require_tls || is_sts_enforced();
  }
  [[nodiscard]] bool is_sts_enforced() const { return sts && sts->mode == StsMode::enforce; }
  friend bool operator==(const TlsPolicy&, const TlsPolicy&) = default;
};

// The operator's rules; the first that matches wins.
class TlsPolicyTable {
 public:
  struct Rule {
    DomainPattern domain;
    TlsPolicy policy;
  };
  explicit TlsPolicyTable(TlsPolicy fallback = {}, std::vector<Rule> rules = {})
      : fallback_(std::move(fallback)), rules_(std::move(rules)) {}
  // Valid as long as the table.
  [[nodiscard]] const TlsPolicy& find(std::string_view domain) const;
  // The operator has a rule for it: what the domain says of itself does not count.
  [[nodiscard]] bool has_rule(std::string_view domain) const;

 private:
  TlsPolicy fallback_;
  std::vector<Rule> rules_;
};

}  // namespace postrider::policy
