#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postrider/base/result.hpp>
#include <postrider/base/signing_key.hpp>
#include <postrider/codec/dkim/canonicalization.hpp>

namespace postrider::dkim {

// A DKIM-Signature field as a value (RFC 6376 3.5).
struct Signature {
  KeyAlgorithm algorithm = KeyAlgorithm::rsa;  // a=; always with SHA-256 (RFC 8301 3.1)
  Canonicalization header = Canonicalization::simple;
  Canonicalization body = Canonicalization::simple;
  std::string domain;                        // d=
  std::string selector;                      // s=
  std::string identity;                      // i=, decoded; "@" and d= if it is left out
  std::vector<std::string> signed_headers;   // h=, as written
  std::string body_hash;                     // bh=, decoded: 32 octets
  std::string signature;                     // b=, decoded
  std::optional<std::uint64_t> timestamp;    // t=, seconds since 1970
  std::optional<std::uint64_t> expiry;       // x=
  std::optional<std::uint64_t> body_length;  // l=
};

// What makes a signature unusable before any arithmetic: all of them a permanent error of this
// signature (RFC 6376 6.1.1), never of the message.
enum class SignatureError : std::uint8_t {
  malformed,              // no tag-list, or a tag's value breaks its grammar
  missing_tag,            // one of v, a, b, bh, d, h, s
  unsupported_version,    // v= is not 1
  unsupported_algorithm,  // a= unknown, or with SHA-1, which RFC 8301 3.1 forbids
  unsupported_query,      // q= names no dns/txt
  identity_mismatch,      // i= is not in d=
  from_not_signed,        // h= lacks From
};

enum class SignatureKind : std::uint8_t {
  dkim,
  arc,  // an ARC-Message-Signature: no v=, and i= is a number (RFC 8617 4.1.2)
};

// In: the value of a DKIM-Signature field, folded as it is.
[[nodiscard]] Result<Signature, SignatureError> parse_signature(
    std::string_view value, SignatureKind kind = SignatureKind::dkim);
[[nodiscard]] std::string_view describe(SignatureError error);

// A domain, or a selector, that can stand in a tag: labels of letters, digits, hyphens and
// underscores, or of UTF-8 (RFC 8616), with dots between them.
[[nodiscard]] bool is_domain_text(std::string_view text);

}  // namespace postrider::dkim
