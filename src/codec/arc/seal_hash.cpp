#include "seal_hash.hpp"

#include <postrider/codec/dkim/canonicalization.hpp>
#include <postrider/codec/dkim/header_hash.hpp>

namespace postrider::arc {

namespace {

std::string canonical(std::string_view field) {
  return dkim::canonicalize_field(field, dkim::Canonicalization::relaxed);
}

}  // namespace

Sha256Digest SealHash::digest(std::string_view results, std::string_view signature,
                              std::string_view seal) const {
  Sha256 sha256 = sha256_;
  sha256.update(canonical(results));
  sha256.update(canonical(signature));
  std::string last = canonical(dkim::without_signature_value(seal));
  last.resize(last.size() - 2);  // the last CRLF is not signed
  sha256.update(last);
  return sha256.finish();
}

void SealHash::add(std::string_view results, std::string_view signature, std::string_view seal) {
  sha256_.update(canonical(results));
  sha256_.update(canonical(signature));
  sha256_.update(canonical(seal));
}

}  // namespace postrider::arc
