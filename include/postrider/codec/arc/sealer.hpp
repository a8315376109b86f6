#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <postrider/base/digest.hpp>
#include <postrider/base/result.hpp>
#include <postrider/base/signing_key.hpp>
#include <postrider/codec/arc/chain.hpp>
#include <postrider/codec/mime/header.hpp>

namespace postrider::arc {

struct SealOptions {
  std::string domain;           // d=; dkim::is_domain_text
  std::string selector;         // s=; dkim::is_domain_text
  std::uint64_t timestamp = 0;  // t=, seconds since 1970
  // What we found out about the message as it came in: mime::encode_authentication_results().
  std::string results;
  // Of the chain as it came in; not temperror, which nobody may seal.
  Status chain = Status::none;
};

enum class SealError : std::uint8_t {
  chain_ended,     // sealed as failed before: forward it as it is
  chain_too_long,  // 50 sets: forward it as it is
  key_failed,      // the key's arithmetic failed: try again later
};

// Three fields, complete, to be put at the top of the message (RFC 8617 5.1), with nothing of the
// header or body changed afterwards. In: the message as it is sent on; `chain` is read_chain() of
// `section`; `body_hash` by a dkim::BodyHasher in relaxed form.
[[nodiscard]] Result<std::string, SealError> seal(const mime::HeaderSection& section,
                                                  const Chain& chain, const Sha256Digest& body_hash,
                                                  const SigningKey& key,
                                                  const SealOptions& options);

}  // namespace postrider::arc
