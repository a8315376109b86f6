#include "tls_library.hpp"

#include <string>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/random.h>

#include <postrider/base/der.hpp>
#include <postrider/base/hmac.hpp>
#include <postrider/base/pem.hpp>
#include <postrider/net/tls_context.hpp>

namespace postrider::net {
namespace {

constexpr int p256_octets = 32;
constexpr std::size_t der_room = 4096;
// RFC 5280 A.1 allows 64; the library keeps one for its terminator.
constexpr std::size_t common_name_limit = CTC_NAME_SIZE - 1;

struct Materials {
  WC_RNG rng{};
  ecc_key key{};

  Materials() {
    (void)wc_InitRng(&rng);  // if it fails, so does the key
    (void)wc_ecc_init(&key);
  }
  Materials(const Materials&) = delete;
  Materials& operator=(const Materials&) = delete;
  ~Materials() {
    wc_ecc_free(&key);
    wc_FreeRng(&rng);
  }
};

// The certificate in DER; empty if the library fails or the names don't fit.
std::string make_certificate(Materials& materials, const std::vector<std::string>& dns_names) {
  Cert certificate;
  if (wc_InitCert(&certificate) != 0) {
    return {};
  }
  std::string names;
  for (const auto& name : dns_names) {
    names += encode_der(der_tag::context_primitive(2), name);
  }
  names = encode_der(der_tag::sequence, names);
  if (names.size() > sizeof certificate.altNames) {
    return {};
  }
  names.copy(reinterpret_cast<char*>(certificate.altNames), names.size());
  certificate.altNamesSz = static_cast<int>(names.size());
  const auto common_name = dns_names.front().substr(0, common_name_limit);
  common_name.copy(certificate.subject.commonName, common_name.size());
  certificate.subject.commonName[common_name.size()] = '\0';
  certificate.sigType = CTC_SHA256wECDSA;
  certificate.daysValid = 365;
  std::string der(der_room, '\0');
  auto* const octets = reinterpret_cast<byte*>(der.data());
  int size = wc_MakeCert_ex(&certificate, octets, static_cast<word32>(der.size()), ECC_TYPE,
                            &materials.key, &materials.rng);
  if (size > 0) {
    size =
        wc_SignCert_ex(certificate.bodySz, certificate.sigType, octets,
                       static_cast<word32>(der.size()), ECC_TYPE, &materials.key, &materials.rng);
  }
  der.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return der;
}

}  // namespace

Result<TlsIdentity, TlsError> make_self_signed_identity(const std::vector<std::string>& dns_names) {
  if (dns_names.empty()) {
    return failure(TlsError{TlsErrorKind::bad_setting, "a certificate needs a name"});
  }
  start_tls_library();
  Materials materials;
  if (wc_ecc_make_key(&materials.rng, p256_octets, &materials.key) != 0) {
    return failure(TlsError{TlsErrorKind::out_of_resources, "no key could be made"});
  }
  std::string key_der(der_room, '\0');
  auto size = static_cast<word32>(key_der.size());
  if (wc_EccKeyToPKCS8(&materials.key, reinterpret_cast<byte*>(key_der.data()), &size) <= 0) {
    return failure(TlsError{TlsErrorKind::out_of_resources, "no key could be made"});
  }
  const auto certificate_der = make_certificate(materials, dns_names);
  if (certificate_der.empty()) {
    return failure(TlsError{TlsErrorKind::bad_setting,
                            "no certificate could be made (too many or too long names)"});
  }
  TlsIdentity identity{.certificate_pem = encode_pem("CERTIFICATE", certificate_der),
                       .key_pem = encode_pem("PRIVATE KEY", key_der.substr(0, size)),
                       .origin = "self-signed certificate"};
  wipe(key_der.data(), key_der.size());
  return identity;
}

}  // namespace postrider::net
