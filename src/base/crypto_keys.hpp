#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ed25519.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/rsa.h>

#include <postrider/base/digest.hpp>
#include <postrider/base/result.hpp>
#include <postrider/base/signing_key.hpp>

// The library's keys behind owners that free them. Not thread-safe, as the library's keys are not.
namespace postrider::crypto {

inline constexpr unsigned rsa_bits_min = 1024;
inline constexpr unsigned rsa_bits_max = 4096;
inline constexpr std::size_t rsa_der_room = 4096;  // an RSAPrivateKey of 4096 bits is 2.4 KiB

inline constexpr std::string_view oid_rsa{"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9};
inline constexpr std::string_view oid_ed25519{"\x2b\x65\x70", 3};

inline const byte* octets(std::string_view text) {
  return reinterpret_cast<const byte*>(text.data());
}
inline byte* octets(std::string& text) {
  return reinterpret_cast<byte*>(text.data());
}
template <std::size_t N>
std::string_view view(const std::array<byte, N>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), N};
}

// The DigestInfo of a SHA-256 digest, which RSASSA-PKCS1-v1_5 signs (RFC 8017 9.2, note 1).
[[nodiscard]] std::string digest_info_of(const Sha256Digest& digest);

// Seeded by getrandom().
class Rng {
 public:
  Rng() : ok_(wc_InitRng(&rng_) == 0) {}
  Rng(const Rng&) = delete;
  Rng& operator=(const Rng&) = delete;
  ~Rng() { wc_FreeRng(&rng_); }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] WC_RNG* get() { return &rng_; }

 private:
  WC_RNG rng_{};
  bool ok_;
};

class RsaHandle {
 public:
  RsaHandle() { (void)wc_InitRsaKey(&key_, nullptr); }  // fails for null arguments only
  RsaHandle(const RsaHandle&) = delete;
  RsaHandle& operator=(const RsaHandle&) = delete;
  ~RsaHandle() { wc_FreeRsaKey(&key_); }
  [[nodiscard]] RsaKey* get() { return &key_; }

 private:
  RsaKey key_{};
};

class RsaPair {
 public:
  // RSAPrivateKey; the numbers are tried by a signature, so that a damaged key is found here.
  static Result<std::unique_ptr<RsaPair>, KeyError> parse_private(std::string_view der);
  // SubjectPublicKeyInfo or RSAPublicKey.
  static Result<std::unique_ptr<RsaPair>, KeyError> parse_public(std::string_view der);

  [[nodiscard]] unsigned bits();
  Result<std::string, KeyError> sign(const Sha256Digest& digest);
  bool is_signature_of(const Sha256Digest& digest, std::string_view signature);
  std::string encode_spki();

 private:
  std::optional<KeyError> check_size();
  RsaHandle key_;
  Rng rng_;  // for blinding
};

class Ed25519Pair {
 public:
  static Result<std::unique_ptr<Ed25519Pair>, KeyError> from_seed(std::string_view seed);
  static Result<std::unique_ptr<Ed25519Pair>, KeyError> from_public(std::string_view octets);
  Ed25519Pair() { (void)wc_ed25519_init(&key_); }  // fails for null arguments only
  Ed25519Pair(const Ed25519Pair&) = delete;
  Ed25519Pair& operator=(const Ed25519Pair&) = delete;
  ~Ed25519Pair() { wc_ed25519_free(&key_); }

  Result<std::string, KeyError> sign(std::string_view message);
  bool is_signature_of(std::string_view message, std::string_view signature);
  [[nodiscard]] std::string_view public_octets() const { return view(public_); }

 private:
  ed25519_key key_{};
  std::array<byte, ED25519_PUB_KEY_SIZE> public_{};
};

}  // namespace postrider::crypto
