#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::net {

// What we need to know of an X.509 certificate (RFC 5280 4.1), cut out of its DER. Nothing in it is
// verified. All views live as long as the DER.
struct CertificateView {
  std::string_view der;
  std::string_view serial;
  std::string_view issuer;  // Name, with tag and length
  std::string_view subject;
  std::string_view spki;  // SubjectPublicKeyInfo, with tag and length: TLSA selector 1
  std::string_view signature_algorithm;  // AlgorithmIdentifier, with tag and length
  std::int64_t not_before = 0;           // seconds since 1970
  std::int64_t not_after = 0;
  std::vector<std::string_view> dns_names;  // subjectAltName, as they stand there
  std::vector<std::string_view> addresses;  // subjectAltName, 4 or 16 octets each
  std::string_view common_name;             // of the subject, the last one; may be empty
  bool is_ca = false;
  // basicConstraints: how many CAs may stand below it, themselves excluded.
  std::optional<std::uint64_t> path_length;
  bool may_sign_certificates = true;  // keyUsage, or no such extension
  bool may_serve_tls = true;          // extendedKeyUsage: serverAuth or any; or no such extension
  std::string_view name_constraints;  // the extension's value; empty: none
  // A critical extension that is none of the above: who can't interpret it must refuse, says
  // RFC 5280 4.2.
  bool has_unknown_critical = false;
};

// nullopt: the octets are no certificate.
[[nodiscard]] std::optional<CertificateView> parse_certificate(std::string_view der);

// Whether the subjectAltName holds this DNS name or (in text form) address: RFC 9525 6. A wildcard
// stands for exactly one whole leftmost label. The common name is not looked at.
[[nodiscard]] bool is_certificate_for(const CertificateView& certificate, std::string_view host);

// Whether a name as a certificate shows it ("*.example.org" too) is this host's, as above.
[[nodiscard]] bool presents_host(std::string_view presented, std::string_view host);

// Whether a CA with these nameConstraints (RFC 5280 4.2.1.10) may vouch for the host. Constraints
// on addresses are not evaluated: such a CA may vouch for no address at all.
[[nodiscard]] bool permits_host(std::string_view name_constraints, std::string_view host);

// The hash of a certificate that the tls-server-end-point channel binding wants (RFC 5929 4.1): by
// the hash of its signature, SHA-256 instead of older ones. nullopt where none is defined
// (Ed25519).
[[nodiscard]] std::optional<std::string> hash_for_end_point(const CertificateView& certificate);

}  // namespace postrider::net
