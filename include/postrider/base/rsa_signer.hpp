#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <postrider/base/result.hpp>
#include <postrider/base/signing_key.hpp>

namespace postrider {

// RSA signatures by libcrypto, which has vector instructions for them that the TLS library lacks
// (docs/adr/0009-rsa-signing.md). Each is checked with the public exponent before it is given out,
// so that a miscalculation does not betray the key; the arithmetic is blinded and takes the same
// time whatever the key.
//
// Shard: any, several at once.
class RsaSigner {
 public:
  // RSAPrivateKey (RFC 8017 A.1.2), or PrivateKeyInfo around one.
  // Errors: malformed; unsupported, where it is no RSA key.
  [[nodiscard]] static Result<RsaSigner, KeyError> parse_der(std::string_view der);

  RsaSigner(RsaSigner&&) noexcept;
  RsaSigner& operator=(RsaSigner&&) noexcept;
  ~RsaSigner();

  [[nodiscard]] std::size_t signature_octets() const;
  // RSASSA-PKCS1-v1_5 over a DigestInfo (RFC 8017 9.2, step 2).
  [[nodiscard]] Result<std::string, KeyError> sign_pkcs1(std::string_view digest_info) const;
  // RSASSA-PSS over a digest, with its own hash for the mask and a salt of its length: what TLS 1.3
  // wants (RFC 8446 4.2.3). The hash is that of the digest's length: SHA-256, SHA-384 or SHA-512.
  [[nodiscard]] Result<std::string, KeyError> sign_pss(std::string_view digest) const;

 private:
  struct Impl;
  explicit RsaSigner(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider
