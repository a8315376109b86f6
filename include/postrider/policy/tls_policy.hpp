#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/policy/domain_pattern.hpp>

namespace postrider::policy {

enum class TlsLevel : std::uint8_t {
  off,            // never
  opportunistic,  // where it is offered, unauthenticated; else in the clear (RFC 7435)
  required,       // encrypted, whoever answers
  verified,       // encrypted, and PKIX holds for the host's name
  fingerprint,    // encrypted, and the certificate is one of those named
};
[[nodiscard]] std::string_view describe(TlsLevel level);

// What a connection for one recipient domain must be, whoever asked for it: the configuration
// today; DANE (RFC 7672) and MTA-STS (RFC 8461) make values of the same type.
struct TlsPolicy {
  TlsLevel level = TlsLevel::opportunistic;
  std::vector<std::string> fingerprints;  // SHA-256 of the certificate's DER, octets
  std::string origin = "default";         // for logs and `why`: "default", "[[policy]] example.org"

  // Two domains of one site may share a connection only if these are equal.
  [[nodiscard]] std::string identity() const;
  [[nodiscard]] bool is_mandatory() const { return level > TlsLevel::opportunistic; }
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

 private:
  TlsPolicy fallback_;
  std::vector<Rule> rules_;
};

}  // namespace postrider::policy
