#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <postrider/base/digest.hpp>
#include <postrider/base/result.hpp>

namespace postrider {

enum class KeyAlgorithm : std::uint8_t { rsa, ed25519 };

enum class KeyError : std::uint8_t {
  not_pem,      // no PEM block of a private key: name the file, ask for the right one
  encrypted,    // protected by a pass phrase: the operator decrypts it first
  unsupported,  // neither RSA nor Ed25519 (or RSA beyond 4096 bits): generate another
  malformed,    // the DER inside is broken, or its numbers are no key
  too_short,    // RSA below 1024 bits (RFC 8301 3.2): generate another
  failed,       // the library refused (out of memory): try again later
};
// A sentence for the operator, without a full stop.
[[nodiscard]] std::string_view describe(KeyError error);

// A public key that checks signatures.
//
// Shard: one thread at a time.
class PublicKey {
 public:
  // SubjectPublicKeyInfo (RFC 5280 4.1.2.7), or a bare RSAPublicKey (RFC 8017 A.1.1), as the p= of
  // a DKIM record of k=rsa holds either.
  [[nodiscard]] static Result<PublicKey, KeyError> parse_rsa(std::string_view der);
  // The 32 octets of RFC 8032, as the p= of k=ed25519 holds them (RFC 8463 4.2).
  [[nodiscard]] static Result<PublicKey, KeyError> parse_ed25519(std::string_view raw);

  PublicKey(PublicKey&&) noexcept;
  PublicKey& operator=(PublicKey&&) noexcept;
  ~PublicKey();

  [[nodiscard]] KeyAlgorithm algorithm() const;
  [[nodiscard]] unsigned bits() const;
  // The counterpart of SigningKey::sign_digest.
  [[nodiscard]] bool is_signature_of(const Sha256Digest& digest, std::string_view signature) const;

 private:
  struct Impl;
  explicit PublicKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A private key that signs: DKIM's above all. Parsed once; each signature then costs the arithmetic
// alone (RSA-2048 about 0.6 ms, Ed25519 about 12 us).
//
// Shard: one thread at a time, since the arithmetic works inside the key: clone() for each core.
class SigningKey {
 public:
  // The first private key in the text: PKCS#1 or PKCS#8 for RSA, PKCS#8 for Ed25519.
  [[nodiscard]] static Result<SigningKey, KeyError> parse_pem(std::string_view pem);
  // From the kernel's randomness. bits: 1024 to 4096, in steps of 1024. Cost: up to seconds for
  // 4096.
  [[nodiscard]] static Result<SigningKey, KeyError> generate_rsa(unsigned bits);
  [[nodiscard]] static Result<SigningKey, KeyError> generate_ed25519();

  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  ~SigningKey();

  [[nodiscard]] SigningKey clone() const;
  [[nodiscard]] KeyAlgorithm algorithm() const;
  [[nodiscard]] unsigned bits() const;

  // RSA: RSASSA-PKCS1-v1_5 over the given SHA-256 digest (RFC 8017 8.2). Ed25519: PureEdDSA over
  // the digest's 32 octets (RFC 8463 3). Both are deterministic.
  [[nodiscard]] Result<std::string, KeyError> sign_digest(const Sha256Digest& digest) const;
  // PureEdDSA over a message of any length (RFC 8032 5.1.6); only Ed25519 keys, else `unsupported`.
  [[nodiscard]] Result<std::string, KeyError> sign_message(std::string_view message) const;

  // PKCS#8 in PEM: what parse_pem reads back. A secret.
  [[nodiscard]] std::string encode_pem() const;
  // What a DKIM record's p= holds, before base64: SubjectPublicKeyInfo for RSA, 32 octets for
  // Ed25519.
  [[nodiscard]] std::string encode_public() const;

 private:
  struct Impl;
  explicit SigningKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider
