#include "tls_file.hpp"
#include "tls_library.hpp"
#include "tls_strength.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <wolfssl/error-ssl.h>

#include <postrider/base/pem.hpp>
#include <postrider/base/text.hpp>
#include <postrider/net/tls_certificate.hpp>
#include <postrider/net/tls_trust.hpp>

namespace postrider::net {
namespace {

// What a peer may send at most; the library itself stops at nine.
constexpr std::size_t chain_limit = 10;

// One verification: a certificate manager of its own holds the anchors that may matter and then,
// from the top down, each intermediate that has proved itself. The library keeps what it was given
// as a CA for good, so a manager that outlived the verification would let one peer's chain vouch
// for another's.
class Path {
 public:
  Path() : manager_(wolfSSL_CertManagerNew()) {}

  [[nodiscard]] bool is_ready() const { return manager_ != nullptr; }

  void add_anchor(const CertificateView& anchor) {
    // One that has expired is refused here; then there is no path through it.
    if (load(anchor)) {
      trusted_.push_back({&anchor, anchor.path_length.value_or(chain_limit)});
    }
  }

  // Adds intermediates until none is left that some CA in here vouches for.
  void add_intermediates(std::span<const CertificateView> candidates) {
    std::vector<bool> added(candidates.size());
    for (bool progress = true; progress;) {
      progress = false;
      for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (!added[i] && add_intermediate(candidates[i])) {
          added[i] = progress = true;
        }
      }
    }
  }

  // WOLFSSL_SUCCESS or the library's error.
  [[nodiscard]] int check(const CertificateView& certificate) const {
    return wolfSSL_CertManagerVerifyBuffer(manager_.get(), library_octets(certificate.der),
                                           static_cast<long>(certificate.der.size()),
                                           WOLFSSL_FILETYPE_ASN1);
  }

  // Whether every CA that may stand above the certificate may vouch for the host (the library looks
  // at the direct issuer only).
  [[nodiscard]] bool permits(const CertificateView& leaf, std::string_view host) const {
    std::unordered_set<std::string_view> reached{leaf.issuer};
    for (bool progress = true; progress;) {
      progress = false;
      for (const auto& ca : trusted_) {
        progress |= reached.contains(ca.view->subject) && reached.insert(ca.view->issuer).second;
      }
    }
    return std::ranges::all_of(trusted_, [&](const Trusted& ca) {
      return !reached.contains(ca.view->subject) || permits_host(ca.view->name_constraints, host);
    });
  }

 private:
  struct Trusted {
    const CertificateView* view;
    std::uint64_t cas_below;  // RFC 5280 6.1.4 (l) and (m)
  };

  bool add_intermediate(const CertificateView& candidate) {
    if (!candidate.is_ca || !candidate.may_sign_certificates || has_weak_signature(candidate) ||
        is_weak_key(candidate.spki, path_rsa_bits_min)) {
      return false;
    }
    // The library counts path lengths only below CAs with a keyUsage. Of several issuers of one
    // name the strictest counts.
    auto cas_below = std::numeric_limits<std::uint64_t>::max();
    for (const auto& ca : trusted_) {
      if (ca.view->subject == candidate.issuer) {
        cas_below = std::min(cas_below, ca.cas_below);
      }
    }
    if (candidate.subject != candidate.issuer) {
      if (cas_below == 0) {
        return false;
      }
      --cas_below;
    }
    if (check(candidate) != WOLFSSL_SUCCESS || !load(candidate)) {
      return false;
    }
    trusted_.push_back(
        {&candidate, std::min(cas_below, candidate.path_length.value_or(cas_below))});
    return true;
  }

  bool load(const CertificateView& certificate) {
    return wolfSSL_CertManagerLoadCABuffer(manager_.get(), library_octets(certificate.der),
                                           static_cast<long>(certificate.der.size()),
                                           WOLFSSL_FILETYPE_ASN1) == WOLFSSL_SUCCESS;
  }

  TlsHandle<WOLFSSL_CERT_MANAGER> manager_;
  std::vector<Trusted> trusted_;
};

TlsError path_error(int code) {
  switch (code) {
    case ASN_AFTER_DATE_E:
      return {TlsErrorKind::certificate_expired, "the certificate has expired"};
    case ASN_BEFORE_DATE_E:
      return {TlsErrorKind::certificate_expired, "the certificate is not yet valid"};
    case ASN_NO_SIGNER_E:
      return {
          TlsErrorKind::certificate_untrusted,
          "no path from the certificate to a trust anchor (intermediate missing, or unknown CA)"};
    case ASN_SELF_SIGNED_E:
      return {TlsErrorKind::certificate_untrusted, "the certificate is signed by itself"};
    case MEMORY_E:
      return {TlsErrorKind::out_of_resources, "out of memory while verifying"};
    default:
      return {TlsErrorKind::certificate_untrusted,
              "the certificate does not verify: " + library_error_text(code)};
  }
}

std::optional<TlsError> leaf_error(const CertificateView& leaf, std::string_view host) {
  if (!is_certificate_for(leaf, host)) {
    std::string names;
    for (const auto name : leaf.dns_names) {
      names.append(names.empty() ? "" : ", ").append(name);
    }
    return TlsError{TlsErrorKind::certificate_name,
                    fmt::format("the certificate is not for {} but for {}", host,
                                names.empty() ? "no name" : quoted_for_log(names))};
  }
  if (!leaf.may_serve_tls) {
    return TlsError{TlsErrorKind::certificate_untrusted, "the certificate is not for TLS servers"};
  }
  if (has_weak_signature(leaf) || is_weak_key(leaf.spki, path_rsa_bits_min)) {
    return TlsError{TlsErrorKind::certificate_untrusted,
                    "the certificate is too weak (signed by MD5 or SHA-1, or RSA below 2048 bits)"};
  }
  return std::nullopt;
}

}  // namespace

struct TrustAnchors::Impl {
  std::vector<std::string> ders;
  std::vector<CertificateView> anchors;  // views into ders
  std::unordered_multimap<std::string_view, const CertificateView*> by_subject;
};

TrustAnchors::TrustAnchors(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TrustAnchors::~TrustAnchors() = default;

Result<std::shared_ptr<const TrustAnchors>, TlsError> TrustAnchors::load(const std::string& path) {
  const auto text = read_tls_file(path);
  if (!text) {
    return failure(text.error());
  }
  return parse(*text, path);
}

Result<std::shared_ptr<const TrustAnchors>, TlsError> TrustAnchors::parse(std::string_view pem,
                                                                          std::string_view origin) {
  start_tls_library();
  auto impl = std::make_unique<Impl>();
  for (auto& block : parse_pem(pem)) {
    if (block.label == "CERTIFICATE" && parse_certificate(block.der)) {
      impl->ders.push_back(std::move(block.der));
    }
  }
  if (impl->ders.empty()) {
    return failure(TlsError{TlsErrorKind::bad_trust_anchors,
                            fmt::format("{}: no certificate in PEM form in it", origin)});
  }
  for (const auto& der : impl->ders) {
    impl->anchors.push_back(*parse_certificate(der));
  }
  for (const auto& anchor : impl->anchors) {
    impl->by_subject.emplace(anchor.subject, &anchor);
  }
  return std::shared_ptr<const TrustAnchors>(new TrustAnchors(std::move(impl)));
}

std::size_t TrustAnchors::size() const {
  return impl_->anchors.size();
}

Result<void, TlsError> TrustAnchors::verify(const std::vector<std::string>& chain,
                                            std::string_view host) const {
  if (chain.empty()) {
    return failure(TlsError{TlsErrorKind::certificate_untrusted, "the peer showed no certificate"});
  }
  std::vector<CertificateView> views;
  for (const auto& der : std::span(chain).first(std::min(chain.size(), chain_limit))) {
    if (auto view = parse_certificate(der)) {
      views.push_back(std::move(*view));
    } else if (views.empty()) {
      return failure(TlsError{TlsErrorKind::certificate_untrusted, "the certificate is damaged"});
    }
  }
  const auto& leaf = views.front();
  if (auto error = leaf_error(leaf, host)) {
    return failure(std::move(*error));
  }
  Path path;
  if (!path.is_ready()) {
    return failure(TlsError{TlsErrorKind::out_of_resources, "out of memory while verifying"});
  }
  std::unordered_set<std::string_view> issuers;
  for (const auto& view : views) {
    if (issuers.insert(view.issuer).second) {
      const auto [from, to] = impl_->by_subject.equal_range(view.issuer);
      std::for_each(from, to, [&](const auto& entry) { path.add_anchor(*entry.second); });
    }
  }
  path.add_intermediates(std::span<const CertificateView>(views).subspan(1));
  if (const int code = path.check(leaf); code != WOLFSSL_SUCCESS) {
    return failure(path_error(code));
  }
  if (!path.permits(leaf, host)) {
    return failure(TlsError{TlsErrorKind::certificate_untrusted,
                            fmt::format("a CA above the certificate may not vouch for {}", host)});
  }
  return {};
}

}  // namespace postrider::net
