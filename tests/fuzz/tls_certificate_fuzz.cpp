#include <cstddef>
#include <cstdint>
#include <string_view>

#include <postrider/base/assert.hpp>
#include <postrider/base/pem.hpp>
#include <postrider/net/tls_certificate.hpp>

// A certificate comes from any peer before anything is known about it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  if (const auto certificate = postrider::net::parse_certificate(octets)) {
    postrider::check(certificate->der == octets, "a certificate is all of its octets");
    (void)postrider::net::is_certificate_for(*certificate, "mail.example.org");
    (void)postrider::net::permits_host(certificate->name_constraints, "mail.example.org");
    (void)postrider::net::hash_for_end_point(*certificate);
  }
  (void)postrider::net::permits_host(octets, "mail.example.org");
  for (const auto& block : postrider::parse_pem(octets)) {
    postrider::check(block.is_encrypted || !block.der.empty(), "a PEM block holds something");
  }
  return 0;
}
