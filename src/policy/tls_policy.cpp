#include <algorithm>

#include <postrider/base/base64.hpp>
#include <postrider/policy/tls_policy.hpp>

namespace postrider::policy {

std::string_view describe(TlsLevel level) {
  switch (level) {
    case TlsLevel::off:
      return "off";
    case TlsLevel::opportunistic:
      return "opportunistic";
    case TlsLevel::required:
      return "required";
    case TlsLevel::verified:
      return "verified";
    case TlsLevel::fingerprint:
      return "fingerprint";
  }
  return "unknown";
}

std::string TlsPolicy::identity() const {
  std::string out(describe(level));
  std::vector<std::string> sorted = fingerprints;
  std::ranges::sort(sorted);
  for (const std::string& fingerprint : sorted) {
    out += ' ';
    out += encode_hex(fingerprint);
  }
  return out;
}

const TlsPolicy& TlsPolicyTable::find(std::string_view domain) const {
  const auto rule = std::ranges::find_if(
      rules_, [domain](const Rule& candidate) { return candidate.domain.matches(domain); });
  return rule == rules_.end() ? fallback_ : rule->policy;
}

}  // namespace postrider::policy
