#include "tls_strength.hpp"

#include <algorithm>
#include <array>

#include <postrider/base/der.hpp>
#include <postrider/base/signing_key.hpp>

namespace postrider::net {
namespace {

using namespace std::string_view_literals;

constexpr auto oid_rsa = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"sv;
// Signatures with MD2, MD5 and SHA-1.
constexpr std::array weak_signatures{
    "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x02"sv, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"sv,
    "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"sv, "\x2a\x86\x48\xce\x3d\x04\x01"sv};

}  // namespace

std::string_view algorithm_oid(std::string_view algorithm) {
  const auto fields = DerReader(algorithm).next(der_tag::sequence);
  const auto oid =
      fields ? DerReader(fields->content).next(der_tag::object_identifier) : std::nullopt;
  return oid ? oid->content : std::string_view();
}

bool has_weak_signature(const CertificateView& certificate) {
  return std::ranges::find(weak_signatures, algorithm_oid(certificate.signature_algorithm)) !=
         weak_signatures.end();
}

bool is_weak_key(std::string_view spki, unsigned bits_min) {
  const auto fields = DerReader(spki).next(der_tag::sequence);
  const auto algorithm = fields ? DerReader(fields->content).next(der_tag::sequence) : std::nullopt;
  if (!algorithm || algorithm_oid(algorithm->whole) != oid_rsa) {
    return false;
  }
  const auto key = PublicKey::parse_rsa(spki);
  return key ? key->bits() < bits_min : key.error() == KeyError::too_short;
}

}  // namespace postrider::net
