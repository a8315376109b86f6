#include "tls_dane_path.hpp"

#include "tls_library.hpp"
#include "tls_strength.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <wolfssl/wolfcrypt/asn.h>

#include <postrider/base/der.hpp>
#include <postrider/base/text.hpp>
#include <postrider/net/tls_dane.hpp>

namespace postrider::net {
namespace {

using namespace std::string_view_literals;

// RFC 8017 A.1, RFC 5480 2.1.1, RFC 8410 3.
constexpr auto oid_rsa = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"sv;
constexpr auto oid_ec = "\x2a\x86\x48\xce\x3d\x02\x01"sv;
constexpr auto oid_ed25519 = "\x2b\x65\x70"sv;

// The key of a SubjectPublicKeyInfo as the library's signature check wants it.
struct LibraryKey {
  int kind = 0;  // 0: none that we can check with
  std::string_view octets;
};

LibraryKey library_key(std::string_view spki) {
  const auto fields = DerReader(spki).next(der_tag::sequence);
  DerReader reader(fields ? fields->content : std::string_view());
  const auto algorithm = reader.next(der_tag::sequence);
  const auto bits = reader.next(der_tag::bit_string);
  if (!algorithm || !bits || bits->content.empty()) {
    return {};
  }
  const auto oid = algorithm_oid(algorithm->whole);
  if (oid == oid_rsa) {
    return {.kind = RSAk, .octets = spki};
  }
  if (oid == oid_ec) {
    return {.kind = ECDSAk, .octets = spki};
  }
  if (oid == oid_ed25519) {
    return {.kind = ED25519k, .octets = bits->content.substr(1)};
  }
  return {};
}

// The certificates are parsed again by the library, so that what it can't read is no signature.
bool check_signature(const CertificateView& child, std::string_view spki) {
  const auto key = library_key(spki);
  return key.kind != 0 &&
         wc_CheckCertSigPubKey(library_octets(child.der), static_cast<word32>(child.der.size()),
                               nullptr, library_octets(key.octets),
                               static_cast<word32>(key.octets.size()), key.kind) == 0;
}

// RFC 7672 3.2.3: the common name counts only where the certificate shows no DNS name at all.
bool is_leaf_for(const CertificateView& leaf, std::string_view host) {
  return leaf.dns_names.empty() ? presents_host(leaf.common_name, host)
                                : is_certificate_for(leaf, host);
}

std::string names_of(const CertificateView& leaf) {
  if (leaf.dns_names.empty()) {
    return leaf.common_name.empty() ? "no name" : quoted_for_log(leaf.common_name);
  }
  return quoted_for_log(fmt::format("{}", fmt::join(leaf.dns_names, ", ")));
}

}  // namespace

std::optional<DanePath::Found> DanePath::find() {
  path_.assign(1, &chain_.front());
  auto found = climb();
  if (!found && why_.empty()) {
    why_ = "the server's certificate does not lead to it by valid signatures";
  }
  return found;
}

std::optional<DanePath::Found> DanePath::climb() {
  if (++steps_ > dane_limits::steps) {
    why_ = "the chain's certificates name one another in too many ways";
    return std::nullopt;
  }
  if (auto found = reach_anchor()) {
    return found;
  }
  for (const auto& issuer : chain_.subspan(1)) {
    // Neither again who stands on the path already, nor another copy.
    const bool is_new = std::ranges::none_of(
        path_, [&](const CertificateView* seen) { return seen->der == issuer.der; });
    if (!is_new || issuer.subject != path_.back()->issuer ||
        !is_signed_by(*path_.back(), issuer.spki)) {
      continue;
    }
    path_.push_back(&issuer);
    auto found = climb();
    path_.pop_back();
    if (found) {
      return found;
    }
  }
  return std::nullopt;
}

std::optional<DanePath::Found> DanePath::reach_anchor() {
  const auto& child = *path_.back();
  for (const auto& anchor : anchors_) {
    const bool is_issuer = anchor.certificate == nullptr ||
                           (anchor.certificate->subject == child.issuer &&
                            std::ranges::none_of(path_, [&](const CertificateView* seen) {
                              return seen->der == anchor.certificate->der;
                            }));
    if (!is_issuer || !is_signed_by(child, anchor.spki)) {
      continue;
    }
    const Found found{.anchor = &anchor, .depth = path_.size()};
    const bool has_certificate = anchor.certificate != nullptr;
    if (has_certificate) {
      path_.push_back(anchor.certificate);
    }
    auto wrong = flaw(anchor);
    if (has_certificate) {
      path_.pop_back();
    }
    if (wrong.empty()) {
      return found;
    }
    why_ = std::move(wrong);
  }
  return std::nullopt;
}

bool DanePath::is_signed_by(const CertificateView& child, std::string_view spki) {
  const auto [entry, is_new] = signatures_.try_emplace({child.der.data(), spki.data()}, false);
  if (!is_new) {
    return entry->second;
  }
  if (signatures_.size() > dane_limits::signatures) {
    why_ = "the chain and the records ask for too many signature checks";
    return false;
  }
  entry->second = check_signature(child, spki);
  return entry->second;
}

std::string DanePath::flaw(const DaneAnchor& anchor) const {
  for (std::size_t depth = 0; depth < path_.size(); ++depth) {
    const auto& certificate = *path_[depth];
    const auto wrong = [depth](std::string_view what) {
      return fmt::format("the certificate at depth {} {}", depth, what);
    };
    if (now_s_ > certificate.not_after) {
      return wrong("has expired");
    }
    if (now_s_ < certificate.not_before) {
      return wrong("is not yet valid");
    }
    if (certificate.has_unknown_critical) {
      return wrong("has a critical extension that is not understood");
    }
    if (is_weak_key(certificate.spki, path_rsa_bits_min)) {
      return wrong("has an RSA key below 2048 bits");
    }
    // Nobody relies on an anchor's own signature.
    if (&certificate != anchor.certificate && has_weak_signature(certificate)) {
      return wrong("is signed by MD5 or SHA-1");
    }
    if (depth > 0) {
      if (auto text = issuer_flaw(depth); !text.empty()) {
        return wrong(text);
      }
    }
  }
  if (is_weak_key(anchor.spki, path_rsa_bits_min)) {
    return "the key is RSA below 2048 bits";
  }
  if (!path_.front()->may_serve_tls) {
    return "the certificate is not for TLS servers";
  }
  return name_flaw();
}

std::string DanePath::issuer_flaw(std::size_t depth) const {
  const auto& issuer = *path_[depth];
  if (!issuer.is_ca || !issuer.may_sign_certificates) {
    return "may not sign others";
  }
  // RFC 5280 4.2.1.9: certificates that change a name's key do not count.
  const auto below = std::count_if(
      path_.begin() + 1, path_.begin() + static_cast<std::ptrdiff_t>(depth),
      [](const CertificateView* between) { return between->subject != between->issuer; });
  if (issuer.path_length && static_cast<std::uint64_t>(below) > *issuer.path_length) {
    return "allows fewer CAs below it";
  }
  return {};
}

std::string DanePath::name_flaw() const {
  bool is_named = false;
  for (const auto& name : names_) {
    if (!is_leaf_for(*path_.front(), name)) {
      continue;
    }
    is_named = true;
    if (std::ranges::all_of(path_, [&](const CertificateView* certificate) {
          return permits_host(certificate->name_constraints, name);
        })) {
      return {};
    }
  }
  return is_named ? fmt::format("a CA above the certificate may not vouch for {}",
                                fmt::join(names_, " or "))
                  : fmt::format("the certificate is not for {} but for {}",
                                fmt::join(names_, " or "), names_of(*path_.front()));
}

}  // namespace postrider::net
