#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postrider/base/digest.hpp>
#include <postrider/base/result.hpp>
#include <postrider/base/signing_key.hpp>
#include <postrider/codec/dkim/canonicalization.hpp>
#include <postrider/codec/mime/header.hpp>

namespace postrider::dkim {

struct SignOptions {
  std::string domain;                   // d=; is_domain_text
  std::string selector;                 // s=; is_domain_text
  std::optional<std::string> identity;  // i=; must be in `domain`
  Canonicalization header = Canonicalization::relaxed;
  Canonicalization body = Canonicalization::relaxed;
  std::uint64_t timestamp = 0;          // t=, seconds since 1970
  std::optional<std::uint64_t> expiry;  // x=, later than `timestamp`
};

// What h= lists, in an order that depends on the header alone. From, To, Cc, Subject, Date,
// Reply-To, Message-ID, MIME-Version, Content-Type, Content-Transfer-Encoding and what other
// Content-* there are: once more than they stand there, so that none can be added (RFC 6376 8.15);
// References, In-Reply-To, List-* and Resent-*: as often as they stand there.
[[nodiscard]] std::vector<std::string> select_signed_headers(const mime::HeaderSection& section);

// One DKIM-Signature field, complete, folded at 78 columns, to be put at the top of the message. A
// message is signed several times by calling it with each key; the hash of its body is needed once
// for each body canonicalisation. In: the header section as it will be sent; `body_hash` by a
// BodyHasher with options.body. Options that
//     break what their comments ask are a bug of the caller (assertion): configuration checks them.
// Errors: the key's arithmetic failed (try again later). Never writes l=.
[[nodiscard]] Result<std::string, KeyError> sign(const mime::HeaderSection& section,
                                                 const Sha256Digest& body_hash,
                                                 const SigningKey& key, const SignOptions& options);

}  // namespace postrider::dkim
