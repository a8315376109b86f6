#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <postrider/base/time.hpp>
#include <postrider/codec/dns/record.hpp>
#include <postrider/net/tls_certificate.hpp>

namespace postrider::net {

// Whom a record of usage 2 names: a certificate, of the chain or of the record, or a bare key.
struct DaneAnchor {
  const dns::Tlsa* record = nullptr;
  const CertificateView* certificate = nullptr;  // nullptr: only the key is known
  std::string_view spki;
};

// The search for a path from the leaf to an anchor (RFC 7671 5.2, RFC 5280 6.1): issuers are found
// by name among the chain's other certificates, in whatever order they came. All that it refers to
// outlives it.
class DanePath {
 public:
  struct Found {
    const DaneAnchor* anchor = nullptr;
    std::size_t depth = 0;  // of the anchor; the leaf's is 0
  };

  DanePath(std::span<const CertificateView> chain, std::span<const DaneAnchor> anchors,
           std::span<const std::string> names, WallTime now)
      : chain_(chain), anchors_(anchors), names_(names), now_s_(unix_seconds(now)) {}

  // Once. nullopt: why() says what was wrong with the path that came closest.
  [[nodiscard]] std::optional<Found> find();
  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  // From the leaf upwards; an anchor's certificate is its end.
  using Certificates = std::vector<const CertificateView*>;

  std::optional<Found> climb();
  [[nodiscard]] std::optional<Found> reach_anchor();
  [[nodiscard]] bool is_signed_by(const CertificateView& child, std::string_view spki);
  // What is wrong with path_, signatures apart; empty: nothing.
  [[nodiscard]] std::string flaw(const DaneAnchor& anchor) const;
  [[nodiscard]] std::string issuer_flaw(std::size_t depth) const;
  [[nodiscard]] std::string name_flaw() const;

  std::span<const CertificateView> chain_;
  std::span<const DaneAnchor> anchors_;
  std::span<const std::string> names_;
  std::int64_t now_s_;
  Certificates path_;
  // By the certificate's and the key's first octet, which stand at one place for all of the search.
  std::map<std::pair<const char*, const char*>, bool> signatures_;
  std::size_t steps_ = 0;
  std::string why_;
};

}  // namespace postrider::net
