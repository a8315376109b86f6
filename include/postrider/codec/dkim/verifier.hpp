#pragma once

#include <cstdint>
#include <string_view>

#include <postrider/base/digest.hpp>
#include <postrider/base/signing_key.hpp>
#include <postrider/codec/dkim/key_record.hpp>
#include <postrider/codec/dkim/signature.hpp>
#include <postrider/codec/mime/header.hpp>

namespace postrider::dkim {

// The outcome of one signature (RFC 6376 6.1.3). All but `pass` say that this signature proves
// nothing.
enum class Verdict : std::uint8_t {
  pass,
  body_hash_mismatch,    // the body is not what was signed
  body_too_short,        // l= is more than there is
  signature_mismatch,    // the header is not what was signed, or another key signed
  key_revoked,           // p= is empty
  key_mismatch,          // the record's k= is not what a= names
  key_unusable,          // p= is no key, or one that is too short (RFC 8301 3.2)
  identity_not_allowed,  // t=s and i= in a subdomain
  expired,               // x= has passed
};
[[nodiscard]] std::string_view describe(Verdict verdict);

// What was found out about the body while it arrived, by a BodyHasher as `signature` asks for.
struct BodyFacts {
  Sha256Digest hash;
  std::uint64_t canonical_octets = 0;
};

// `field` is the DKIM-Signature field in `section` that `signature` was parsed from; `now` in
// seconds since 1970. Cost: one pass over the header, one signature check.
[[nodiscard]] Verdict verify(const mime::HeaderSection& section, const mime::HeaderField& field,
                             const Signature& signature, const BodyFacts& body,
                             const KeyRecord& record, std::uint64_t now);

}  // namespace postrider::dkim
