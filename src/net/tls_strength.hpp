#pragma once

#include <postrider/net/tls_certificate.hpp>

// Which signatures and keys may stand on a path to somebody we trust.
namespace postrider::net {

// What CAs have had to use since 2014.
inline constexpr unsigned path_rsa_bits_min = 2048;
// Below it anybody who wants to can find the private key.
inline constexpr unsigned rsa_bits_min = 1024;

// Signed with MD2, MD5 or SHA-1.
[[nodiscard]] bool has_weak_signature(const CertificateView& certificate);
// Whether a SubjectPublicKeyInfo is an RSA key of fewer bits; bits_min: 1024 at least.
[[nodiscard]] bool is_weak_key(std::string_view spki, unsigned bits_min);

// The algorithm in an AlgorithmIdentifier (RFC 5280 4.1.1.2); empty if it is none.
[[nodiscard]] std::string_view algorithm_oid(std::string_view algorithm);

}  // namespace postrider::net
