#include <algorithm>

#include <postrider/base/base64.hpp>
#include <postrider/base/digest.hpp>
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
  out += dane ? " dane" : "";
  if (sts) {
    std::string text = encode_sts_policy(*sts);
    text.erase(text.rfind("max_age"));  // how long it counts does not change what it asks
    out += " sts-";
    out += describe(sts->mode);
    out += ' ';
    out += encode_hex(sha256(text).view().substr(0, 16));
  }
  out += require_tls ? " requiretls" : "";
  return out;
}

bool TlsPolicyTable::has_rule(std::string_view domain) const {
  return std::ranges::any_of(
      rules_, [domain](const Rule& candidate) { return candidate.domain.matches(domain); });
}

const TlsPolicy& TlsPolicyTable::find(std::string_view domain) const {
  const auto rule = std::ranges::find_if(
      rules_, [domain](const Rule& candidate) { return candidate.domain.matches(domain); });
  return rule == rules_.end() ? fallback_ : rule->policy;
}

}  // namespace postrider::policy
