#include <postrider/base/text.hpp>
#include <postrider/codec/dkim/header_hash.hpp>
#include <postrider/codec/dkim/verifier.hpp>

namespace postrider::dkim {

std::string_view describe(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "the signature holds";
    case Verdict::body_hash_mismatch:
      return "the body was changed";
    case Verdict::body_too_short:
      return "the body is shorter than what was signed";
    case Verdict::signature_mismatch:
      return "the header was changed, or another key signed";
    case Verdict::key_revoked:
      return "the key was revoked";
    case Verdict::key_mismatch:
      return "the key is of another kind than the signature";
    case Verdict::key_unusable:
      return "the published key is no key, or too short";
    case Verdict::identity_not_allowed:
      return "the key does not allow subdomains";
    case Verdict::expired:
      return "the signature has expired";
  }
  return "";
}

Verdict verify(const mime::HeaderSection& section, const mime::HeaderField& field,
               const Signature& signature, const BodyFacts& body, const KeyRecord& record,
               std::uint64_t now) {
  if (signature.expiry && *signature.expiry < now) {
    return Verdict::expired;
  }
  if (record.public_key.empty()) {
    return Verdict::key_revoked;
  }
  if (record.algorithm != signature.algorithm) {
    return Verdict::key_mismatch;
  }
  const std::string_view identity = signature.identity;
  if (record.strict_identity &&
      !equals_ignoring_case(identity.substr(identity.rfind('@') + 1), signature.domain)) {
    return Verdict::identity_not_allowed;
  }
  if (signature.body_length && *signature.body_length > body.canonical_octets) {
    return Verdict::body_too_short;
  }
  if (body.hash.view() != signature.body_hash) {
    return Verdict::body_hash_mismatch;
  }
  const auto key = record.algorithm == KeyAlgorithm::rsa
                       ? PublicKey::parse_rsa(record.public_key)
                       : PublicKey::parse_ed25519(record.public_key);
  if (!key) {
    return Verdict::key_unusable;
  }
  const Sha256Digest digest = hash_header(section, signature.signed_headers,
                                          without_signature_value(field.raw), signature.header);
  return key->is_signature_of(digest, signature.signature) ? Verdict::pass
                                                           : Verdict::signature_mismatch;
}

}  // namespace postrider::dkim
