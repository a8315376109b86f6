#include "seal_hash.hpp"

#include <fmt/format.h>

#include <postrider/base/assert.hpp>
#include <postrider/base/base64.hpp>
#include <postrider/codec/arc/sealer.hpp>
#include <postrider/codec/dkim/header_hash.hpp>
#include <postrider/codec/dkim/signer.hpp>
#include <postrider/codec/dkim/tag_writer.hpp>

namespace postrider::arc {

namespace {

std::string_view name_of(KeyAlgorithm algorithm) {
  return algorithm == KeyAlgorithm::rsa ? "rsa-sha256" : "ed25519-sha256";
}

// What a DKIM signature of ours would sign, and the signatures that are there (RFC 8617 4.1.2).
std::vector<std::string> signed_headers(const mime::HeaderSection& section) {
  std::vector<std::string> names = dkim::select_signed_headers(section);
  names.insert(names.end(), section.count("DKIM-Signature"), "DKIM-Signature");
  return names;
}

Result<std::string, SealError> complete(dkim::TagWriter& field, const Sha256Digest& digest,
                                        const SigningKey& key) {
  const auto signature = key.sign_digest(digest);
  if (!signature) {
    return failure(SealError::key_failed);
  }
  field.add_base64(encode_base64(*signature));
  return field.text() + "\r\n";
}

Result<std::string, SealError> sign(const mime::HeaderSection& section, unsigned instance,
                                    const Sha256Digest& body_hash, const SigningKey& key,
                                    const SealOptions& options) {
  const auto names = signed_headers(section);
  dkim::TagWriter field("ARC-Message-Signature");
  field.add("i", std::to_string(instance));
  field.add("a", name_of(key.algorithm()));
  field.add("c", "relaxed/relaxed");
  field.add("d", options.domain);
  field.add("s", options.selector);
  field.add("t", std::to_string(options.timestamp));
  field.add_list("h", names);
  field.add("bh", encode_base64(body_hash.view()));
  field.begin_signature_value();
  return complete(
      field, dkim::hash_header(section, names, field.text(), dkim::Canonicalization::relaxed), key);
}

}  // namespace

Result<std::string, SealError> seal(const mime::HeaderSection& section, const Chain& chain,
                                    const Sha256Digest& body_hash, const SigningKey& key,
                                    const SealOptions& options) {
  check(options.chain != Status::temperror, "nobody seals what is not known");
  check(dkim::is_domain_text(options.domain) && dkim::is_domain_text(options.selector),
        "d= and s= are names");
  if (chain.ended) {
    return failure(SealError::chain_ended);
  }
  const unsigned instance = chain.highest_instance + 1;
  if (instance > max_sets) {
    return failure(SealError::chain_too_long);
  }
  const std::string results =
      fmt::format("ARC-Authentication-Results: i={}; {}\r\n", instance, options.results);
  const auto signature = sign(section, instance, body_hash, key, options);
  if (!signature) {
    return signature;
  }
  dkim::TagWriter field("ARC-Seal");
  field.add("i", std::to_string(instance));
  field.add("a", name_of(key.algorithm()));
  field.add("t", std::to_string(options.timestamp));
  field.add("cv", arc::name_of(options.chain));
  field.add("d", options.domain);
  field.add("s", options.selector);
  field.begin_signature_value();
  // RFC 8617 5.1.2: of a broken chain only the set that says so is sealed.
  SealHash hash;
  if (options.chain == Status::pass) {
    for (const Set& set : chain.sets) {
      hash.add(set.results_field.raw, set.signature_field.raw, set.seal_field.raw);
    }
  }
  const auto sealed = complete(field, hash.digest(results, *signature, field.text()), key);
  if (!sealed) {
    return sealed;
  }
  return *sealed + *signature + results;
}

}  // namespace postrider::arc
