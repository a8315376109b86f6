#include "crypto_keys.hpp"

#include <optional>

#include <postrider/base/hmac.hpp>

namespace postrider {
namespace crypto {
namespace {

// DigestInfo of SHA-256 without the digest (RFC 8017 9.2, note 1).
constexpr std::string_view digest_info{
    "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20", 19};
constexpr std::size_t signature_octets_max = rsa_bits_max / 8;

}  // namespace

std::string digest_info_of(const Sha256Digest& digest) {
  return std::string(digest_info).append(digest.view());
}

Result<std::unique_ptr<RsaPair>, KeyError> RsaPair::parse_private(std::string_view der) {
  auto pair = std::make_unique<RsaPair>();
  word32 at = 0;
  if (!pair->rng_.ok()) {
    return failure(KeyError::failed);
  }
  if (wc_RsaPrivateKeyDecode(octets(der), &at, pair->key_.get(), static_cast<word32>(der.size())) !=
      0) {
    return failure(KeyError::malformed);
  }
  if (const auto wrong = pair->check_size()) {
    return failure(*wrong);
  }
  if (wc_RsaSetRNG(pair->key_.get(), pair->rng_.get()) != 0) {
    return failure(KeyError::failed);
  }
  const Sha256Digest probe;
  const auto signature = pair->sign(probe);
  if (!signature || !pair->is_signature_of(probe, *signature)) {
    return failure(KeyError::malformed);
  }
  return pair;
}

Result<std::unique_ptr<RsaPair>, KeyError> RsaPair::parse_public(std::string_view der) {
  auto pair = std::make_unique<RsaPair>();
  word32 at = 0;
  if (wc_RsaPublicKeyDecode(octets(der), &at, pair->key_.get(), static_cast<word32>(der.size())) !=
          0 ||
      at != der.size()) {
    return failure(KeyError::malformed);
  }
  if (const auto wrong = pair->check_size()) {
    return failure(*wrong);
  }
  return pair;
}

std::optional<KeyError> RsaPair::check_size() {
  if (bits() < rsa_bits_min) {
    return KeyError::too_short;
  }
  return bits() > rsa_bits_max ? std::optional(KeyError::unsupported) : std::nullopt;
}

unsigned RsaPair::bits() {
  const int size = wc_RsaEncryptSize(key_.get());
  return size > 0 ? static_cast<unsigned>(size) * 8 : 0;
}

Result<std::string, KeyError> RsaPair::sign(const Sha256Digest& digest) {
  const auto info = digest_info_of(digest);
  std::string signature(bits() / 8, '\0');
  const int size = wc_RsaSSL_Sign(octets(std::string_view(info)), static_cast<word32>(info.size()),
                                  octets(signature), static_cast<word32>(signature.size()),
                                  key_.get(), rng_.get());
  if (size < 0 || static_cast<std::size_t>(size) != signature.size()) {
    return failure(KeyError::failed);
  }
  return signature;
}

bool RsaPair::is_signature_of(const Sha256Digest& digest, std::string_view signature) {
  if (signature.size() != bits() / 8) {
    return false;
  }
  std::array<byte, signature_octets_max> opened;
  const int size = wc_RsaSSL_Verify(octets(signature), static_cast<word32>(signature.size()),
                                    opened.data(), static_cast<word32>(opened.size()), key_.get());
  return size > 0 &&
         view(opened).substr(0, static_cast<std::size_t>(size)) == digest_info_of(digest);
}

std::string RsaPair::encode_spki() {
  std::string der(rsa_der_room, '\0');
  const int size = wc_RsaKeyToPublicDer(key_.get(), octets(der), static_cast<word32>(der.size()));
  der.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return der;
}

Result<std::unique_ptr<Ed25519Pair>, KeyError> Ed25519Pair::from_seed(std::string_view seed) {
  if (seed.size() != ED25519_KEY_SIZE) {
    return failure(KeyError::malformed);
  }
  auto pair = std::make_unique<Ed25519Pair>();
  if (wc_ed25519_import_private_only(octets(seed), ED25519_KEY_SIZE, &pair->key_) != 0 ||
      wc_ed25519_make_public(&pair->key_, pair->public_.data(), ED25519_PUB_KEY_SIZE) != 0 ||
      wc_ed25519_import_private_key(octets(seed), ED25519_KEY_SIZE, pair->public_.data(),
                                    ED25519_PUB_KEY_SIZE, &pair->key_) != 0) {
    return failure(KeyError::failed);
  }
  return pair;
}

Result<std::unique_ptr<Ed25519Pair>, KeyError> Ed25519Pair::from_public(std::string_view text) {
  if (text.size() != ED25519_PUB_KEY_SIZE) {
    return failure(KeyError::malformed);
  }
  auto pair = std::make_unique<Ed25519Pair>();
  if (wc_ed25519_import_public(octets(text), ED25519_PUB_KEY_SIZE, &pair->key_) != 0) {
    return failure(KeyError::malformed);
  }
  text.copy(reinterpret_cast<char*>(pair->public_.data()), text.size());
  return pair;
}

Result<std::string, KeyError> Ed25519Pair::sign(std::string_view message) {
  std::string signature(ED25519_SIG_SIZE, '\0');
  word32 size = ED25519_SIG_SIZE;
  if (wc_ed25519_sign_msg(octets(message), static_cast<word32>(message.size()), octets(signature),
                          &size, &key_) != 0) {
    return failure(KeyError::failed);
  }
  return signature;
}

bool Ed25519Pair::is_signature_of(std::string_view message, std::string_view signature) {
  int matches = 0;
  return signature.size() == ED25519_SIG_SIZE &&
         wc_ed25519_verify_msg(octets(signature), ED25519_SIG_SIZE, octets(message),
                               static_cast<word32>(message.size()), &matches, &key_) == 0 &&
         matches == 1;
}

}  // namespace crypto

struct PublicKey::Impl {
  std::unique_ptr<crypto::RsaPair> rsa;
  std::unique_ptr<crypto::Ed25519Pair> ed25519;
};

PublicKey::PublicKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PublicKey::PublicKey(PublicKey&&) noexcept = default;
PublicKey& PublicKey::operator=(PublicKey&&) noexcept = default;
PublicKey::~PublicKey() = default;

Result<PublicKey, KeyError> PublicKey::parse_rsa(std::string_view der) {
  auto pair = crypto::RsaPair::parse_public(der);
  if (!pair) {
    return failure(pair.error());
  }
  return PublicKey(std::make_unique<Impl>(Impl{std::move(*pair), nullptr}));
}

Result<PublicKey, KeyError> PublicKey::parse_ed25519(std::string_view raw) {
  auto pair = crypto::Ed25519Pair::from_public(raw);
  if (!pair) {
    return failure(pair.error());
  }
  return PublicKey(std::make_unique<Impl>(Impl{nullptr, std::move(*pair)}));
}

KeyAlgorithm PublicKey::algorithm() const {
  return impl_->rsa ? KeyAlgorithm::rsa : KeyAlgorithm::ed25519;
}

unsigned PublicKey::bits() const {
  return impl_->rsa ? impl_->rsa->bits() : 256;
}

bool PublicKey::is_signature_of(const Sha256Digest& digest, std::string_view signature) const {
  return impl_->rsa ? impl_->rsa->is_signature_of(digest, signature)
                    : impl_->ed25519->is_signature_of(digest.view(), signature);
}

std::string_view describe(KeyError error) {
  switch (error) {
    case KeyError::not_pem:
      return "no private key in PEM form in it";
    case KeyError::encrypted:
      return "the private key is protected by a pass phrase: remove it with `openssl pkey`";
    case KeyError::unsupported:
      return "neither an RSA key of at most 4096 bits nor an Ed25519 key";
    case KeyError::malformed:
      return "the key is damaged";
    case KeyError::too_short:
      return "an RSA key below 1024 bits is too weak";
    case KeyError::failed:
      return "the cryptographic library failed, perhaps out of memory";
  }
  return "unknown";
}

}  // namespace postrider
