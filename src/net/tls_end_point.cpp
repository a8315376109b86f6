#include "tls_library.hpp"

#include <array>
#include <wolfssl/wolfcrypt/hash.h>

#include <postrider/base/der.hpp>
#include <postrider/net/tls_certificate.hpp>

namespace postrider::net {
namespace {

using namespace std::string_view_literals;

struct SignatureHash {
  std::string_view oid;
  wc_HashType hash;
};

// RFC 8017 A.2.4, RFC 5758 3.2; MD5 and SHA-1 become SHA-256 (RFC 5929 4.1).
constexpr std::array<SignatureHash, 9> signature_hashes{{
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"sv, WC_HASH_TYPE_SHA256},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"sv, WC_HASH_TYPE_SHA256},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"sv, WC_HASH_TYPE_SHA256},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"sv, WC_HASH_TYPE_SHA384},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"sv, WC_HASH_TYPE_SHA512},
    {"\x2a\x86\x48\xce\x3d\x04\x01"sv, WC_HASH_TYPE_SHA256},
    {"\x2a\x86\x48\xce\x3d\x04\x03\x02"sv, WC_HASH_TYPE_SHA256},
    {"\x2a\x86\x48\xce\x3d\x04\x03\x03"sv, WC_HASH_TYPE_SHA384},
    {"\x2a\x86\x48\xce\x3d\x04\x03\x04"sv, WC_HASH_TYPE_SHA512},
}};

}  // namespace

std::optional<std::string> hash_for_end_point(const CertificateView& certificate) {
  const auto algorithm = DerReader(certificate.signature_algorithm).next(der_tag::sequence);
  const auto oid =
      algorithm ? DerReader(algorithm->content).next(der_tag::object_identifier) : std::nullopt;
  for (const auto& known : signature_hashes) {
    if (oid && oid->content == known.oid) {
      std::string hash(static_cast<std::size_t>(wc_HashGetDigestSize(known.hash)), '\0');
      if (wc_Hash(known.hash, library_octets(certificate.der),
                  static_cast<word32>(certificate.der.size()), reinterpret_cast<byte*>(hash.data()),
                  static_cast<word32>(hash.size())) != 0) {
        return std::nullopt;
      }
      return hash;
    }
  }
  return std::nullopt;
}

}  // namespace postrider::net
