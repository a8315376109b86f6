#include "crypto_keys.hpp"

#include <vector>

#include <postrider/base/assert.hpp>
#include <postrider/base/der.hpp>
#include <postrider/base/hmac.hpp>
#include <postrider/base/pem.hpp>
#include <postrider/base/rsa_signer.hpp>
#include <postrider/base/signing_key.hpp>

namespace postrider {
namespace {

using crypto::RsaPair;

constexpr long rsa_public_exponent = 65537;

// PrivateKeyInfo around an algorithm's own key (RFC 5208 5, RFC 8410 7).
std::string wrap_pkcs8(std::string_view algorithm, std::string_view key) {
  const auto version = encode_der(der_tag::integer, std::string_view("\0", 1));
  return encode_der(der_tag::sequence, version + encode_der(der_tag::sequence, algorithm) +
                                           encode_der(der_tag::octet_string, key));
}

struct Pkcs8 {
  std::string_view oid;
  std::string_view key;
};

std::optional<Pkcs8> unwrap_pkcs8(std::string_view der) {
  DerReader outer(der);
  const auto info = outer.next(der_tag::sequence);
  if (!info) {
    return std::nullopt;
  }
  DerReader fields(info->content);
  const auto version = fields.next(der_tag::integer);
  const auto algorithm = fields.next(der_tag::sequence);
  const auto key = fields.next(der_tag::octet_string);
  if (!version || !algorithm || !key) {
    return std::nullopt;
  }
  const auto oid = DerReader(algorithm->content).next(der_tag::object_identifier);
  return oid ? std::optional(Pkcs8{oid->content, key->content}) : std::nullopt;
}

}  // namespace

struct SigningKey::Impl {
  KeyAlgorithm algorithm;
  // RSA: RSAPrivateKey in DER; Ed25519: the 32 octets of the seed. Kept for clone() and
  // encode_pem().
  std::string secret;
  std::unique_ptr<RsaPair> rsa;
  std::optional<RsaSigner> rsa_signer;  // none where libcrypto refuses the key: `rsa` then signs
  std::unique_ptr<crypto::Ed25519Pair> ed25519;

  ~Impl() { wipe(secret.data(), secret.size()); }

  static Result<std::unique_ptr<Impl>, KeyError> from_rsa(std::string_view der) {
    auto pair = RsaPair::parse_private(der);
    if (!pair) {
      return failure(pair.error());
    }
    auto impl = std::unique_ptr<Impl>(
        new Impl{KeyAlgorithm::rsa, std::string(der), std::move(*pair), std::nullopt, nullptr});
    auto signer = RsaSigner::parse_der(der);
    // What one library signs, the other must find right.
    const Sha256Digest probe;
    const auto signature = signer ? signer->sign_pkcs1(crypto::digest_info_of(probe))
                                  : Result<std::string, KeyError>(failure(signer.error()));
    if (signature && impl->rsa->is_signature_of(probe, *signature)) {
      impl->rsa_signer = std::move(*signer);
    }
    return impl;
  }
  static Result<std::unique_ptr<Impl>, KeyError> from_ed25519(std::string_view seed) {
    auto pair = crypto::Ed25519Pair::from_seed(seed);
    if (!pair) {
      return failure(pair.error());
    }
    return std::unique_ptr<Impl>(new Impl{KeyAlgorithm::ed25519, std::string(seed), nullptr,
                                          std::nullopt, std::move(*pair)});
  }
  static Result<std::unique_ptr<Impl>, KeyError> from_pkcs8(std::string_view der) {
    const auto info = unwrap_pkcs8(der);
    if (!info) {
      return failure(KeyError::malformed);
    }
    if (info->oid == crypto::oid_rsa) {
      return from_rsa(info->key);
    }
    if (info->oid != crypto::oid_ed25519) {
      return failure(KeyError::unsupported);
    }
    const auto seed = DerReader(info->key).next(der_tag::octet_string);
    return seed ? from_ed25519(seed->content) : failure(KeyError::malformed);
  }
};

SigningKey::SigningKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

Result<SigningKey, KeyError> SigningKey::parse_pem(std::string_view pem) {
  const auto wrap = [](auto impl) -> Result<SigningKey, KeyError> {
    if (!impl) {
      return failure(impl.error());
    }
    return SigningKey(std::move(*impl));
  };
  auto blocks = postrider::parse_pem(pem);
  Result<SigningKey, KeyError> found = failure(KeyError::not_pem);
  for (auto& block : blocks) {
    if (!block.label.ends_with("PRIVATE KEY")) {
      continue;
    }
    if (block.is_encrypted || block.label == "ENCRYPTED PRIVATE KEY") {
      found = failure(KeyError::encrypted);
    } else if (block.label == "PRIVATE KEY") {
      found = wrap(Impl::from_pkcs8(block.der));
    } else if (block.label == "RSA PRIVATE KEY") {
      found = wrap(Impl::from_rsa(block.der));
    } else {
      found = failure(KeyError::unsupported);
    }
    break;
  }
  for (auto& block : blocks) {
    wipe(block.der.data(), block.der.size());
  }
  return found;
}

Result<SigningKey, KeyError> SigningKey::generate_rsa(unsigned bits) {
  if (bits < crypto::rsa_bits_min) {
    return failure(KeyError::too_short);
  }
  if (bits > crypto::rsa_bits_max || bits % 1024 != 0) {
    return failure(KeyError::unsupported);
  }
  crypto::Rng rng;
  crypto::RsaHandle key;
  if (!rng.ok() ||
      wc_MakeRsaKey(key.get(), static_cast<int>(bits), rsa_public_exponent, rng.get()) != 0) {
    return failure(KeyError::failed);
  }
  std::string der(crypto::rsa_der_room, '\0');
  const int size = wc_RsaKeyToDer(key.get(), reinterpret_cast<byte*>(der.data()),
                                  static_cast<word32>(der.size()));
  if (size <= 0) {
    return failure(KeyError::failed);
  }
  auto impl = Impl::from_rsa(std::string_view(der).substr(0, static_cast<std::size_t>(size)));
  wipe(der.data(), der.size());
  if (!impl) {
    return failure(impl.error());
  }
  return SigningKey(std::move(*impl));
}

Result<SigningKey, KeyError> SigningKey::generate_ed25519() {
  crypto::Rng rng;
  std::array<byte, ED25519_KEY_SIZE> seed;
  if (!rng.ok() || wc_RNG_GenerateBlock(rng.get(), seed.data(), seed.size()) != 0) {
    return failure(KeyError::failed);
  }
  auto impl = Impl::from_ed25519(crypto::view(seed));
  wipe(reinterpret_cast<char*>(seed.data()), seed.size());
  if (!impl) {
    return failure(impl.error());
  }
  return SigningKey(std::move(*impl));
}

SigningKey SigningKey::clone() const {
  auto impl = impl_->algorithm == KeyAlgorithm::rsa ? Impl::from_rsa(impl_->secret)
                                                    : Impl::from_ed25519(impl_->secret);
  check(impl.has_value(), "a key that was parsed once can be parsed again");
  return SigningKey(std::move(*impl));
}

KeyAlgorithm SigningKey::algorithm() const {
  return impl_->algorithm;
}

unsigned SigningKey::bits() const {
  return impl_->rsa ? impl_->rsa->bits() : 256;
}

Result<std::string, KeyError> SigningKey::sign_digest(const Sha256Digest& digest) const {
  if (impl_->rsa_signer) {
    return impl_->rsa_signer->sign_pkcs1(crypto::digest_info_of(digest));
  }
  return impl_->rsa ? impl_->rsa->sign(digest) : impl_->ed25519->sign(digest.view());
}

Result<std::string, KeyError> SigningKey::sign_message(std::string_view message) const {
  if (!impl_->ed25519) {
    return failure(KeyError::unsupported);
  }
  return impl_->ed25519->sign(message);
}

std::string SigningKey::encode_pem() const {
  std::string der;
  if (impl_->rsa) {
    der = wrap_pkcs8(
        encode_der(der_tag::object_identifier, crypto::oid_rsa) + encode_der(der_tag::null, {}),
        impl_->secret);
  } else {
    der = wrap_pkcs8(encode_der(der_tag::object_identifier, crypto::oid_ed25519),
                     encode_der(der_tag::octet_string, impl_->secret));
  }
  auto pem = postrider::encode_pem("PRIVATE KEY", der);
  wipe(der.data(), der.size());
  return pem;
}

std::string SigningKey::encode_public() const {
  return impl_->rsa ? impl_->rsa->encode_spki() : std::string(impl_->ed25519->public_octets());
}

}  // namespace postrider
