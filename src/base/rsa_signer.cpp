#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <utility>

#include <postrider/base/rsa_signer.hpp>

namespace postrider {
namespace {

template <auto free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Work = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

const EVP_MD* hash_of(std::string_view digest) {
  switch (digest.size()) {
    case 32:
      return EVP_sha256();
    case 48:
      return EVP_sha384();
    case 64:
      return EVP_sha512();
    default:
      return nullptr;
  }
}

}  // namespace

struct RsaSigner::Impl {
  Key key;
  // Ready to sign, and only ever copied: finding the algorithm by its name costs more than a copy.
  Work pkcs1;

  Result<std::string, KeyError> sign(EVP_PKEY_CTX* work, std::string_view what) const {
    std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key.get())), '\0');
    std::size_t size = signature.size();
    if (EVP_PKEY_sign(work, reinterpret_cast<unsigned char*>(signature.data()), &size, octets(what),
                      what.size()) != 1 ||
        size != signature.size()) {
      return failure(KeyError::failed);
    }
    return signature;
  }
};

RsaSigner::RsaSigner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RsaSigner::RsaSigner(RsaSigner&&) noexcept = default;
RsaSigner& RsaSigner::operator=(RsaSigner&&) noexcept = default;
RsaSigner::~RsaSigner() = default;

Result<RsaSigner, KeyError> RsaSigner::parse_der(std::string_view der) {
  const unsigned char* at = octets(der);
  Key key(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
  if (!key) {
    return failure(KeyError::malformed);
  }
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return failure(KeyError::unsupported);
  }
  Work pkcs1(EVP_PKEY_CTX_new(key.get(), nullptr));
  if (!pkcs1 || EVP_PKEY_sign_init(pkcs1.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(pkcs1.get(), RSA_PKCS1_PADDING) != 1) {
    return failure(KeyError::failed);
  }
  return RsaSigner(std::make_unique<Impl>(std::move(key), std::move(pkcs1)));
}

std::size_t RsaSigner::signature_octets() const {
  return static_cast<std::size_t>(EVP_PKEY_get_size(impl_->key.get()));
}

Result<std::string, KeyError> RsaSigner::sign_pkcs1(std::string_view digest_info) const {
  const Work work(EVP_PKEY_CTX_dup(impl_->pkcs1.get()));
  return work ? impl_->sign(work.get(), digest_info) : failure(KeyError::failed);
}

Result<std::string, KeyError> RsaSigner::sign_pss(std::string_view digest) const {
  const EVP_MD* const hash = hash_of(digest);
  const Work work(EVP_PKEY_CTX_dup(impl_->pkcs1.get()));
  if (hash == nullptr || !work ||
      EVP_PKEY_CTX_set_rsa_padding(work.get(), RSA_PKCS1_PSS_PADDING) != 1 ||
      EVP_PKEY_CTX_set_signature_md(work.get(), hash) != 1 ||
      EVP_PKEY_CTX_set_rsa_pss_saltlen(work.get(), RSA_PSS_SALTLEN_DIGEST) != 1) {
    return failure(KeyError::failed);
  }
  return impl_->sign(work.get(), digest);
}

}  // namespace postrider
