#include "seal_hash.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include <postrider/codec/arc/chain.hpp>
#include <postrider/codec/dkim/key_record.hpp>

namespace postrider::arc {

namespace {

std::string key_name(const Seal& seal) {
  return dkim::key_record_name(seal.selector, seal.domain);
}

std::string key_name(const dkim::Signature& signature) {
  return dkim::key_record_name(signature.selector, signature.domain);
}

Outcome broken(unsigned instance, std::string reason) {
  return {.status = Status::fail, .reason = std::move(reason), .instance = instance};
}

// The key, or what its lack means.
Result<dkim::KeyRecord, Outcome> find_key(const Keys& keys, const std::string& name,
                                          unsigned instance) {
  const auto it = keys.find(name);
  if (it == keys.end() || it->second.status == KeyAnswer::Status::failed) {
    return failure(Outcome{.status = Status::temperror,
                           .reason = fmt::format("{} could not be looked up", name),
                           .instance = instance});
  }
  if (it->second.status == KeyAnswer::Status::nothing) {
    return failure(broken(instance, fmt::format("there is no key at {}", name)));
  }
  auto record = dkim::parse_key_record(it->second.text);
  if (!record) {
    return failure(broken(instance, fmt::format("what stands at {} is no key", name)));
  }
  return std::move(*record);
}

bool is_sealed_by(const Seal& seal, const Sha256Digest& digest, const dkim::KeyRecord& record) {
  if (record.algorithm != seal.algorithm || record.public_key.empty()) {
    return false;
  }
  const auto key = record.algorithm == KeyAlgorithm::rsa
                       ? PublicKey::parse_rsa(record.public_key)
                       : PublicKey::parse_ed25519(record.public_key);
  return key && key->is_signature_of(digest, seal.signature);
}

}  // namespace

std::vector<std::string> key_names(const Chain& chain) {
  std::set<std::string> names;
  if (chain.ended || chain.sets.empty()) {
    return {};
  }
  names.insert(key_name(chain.sets.back().signature));
  for (const Set& set : chain.sets) {
    names.insert(key_name(set.seal));
  }
  return {names.begin(), names.end()};
}

Outcome validate(const mime::HeaderSection& section, const Chain& chain,
                 const dkim::BodyFacts& body, const Keys& keys, std::uint64_t now) {
  if (!chain.defect.empty()) {
    return broken(chain.highest_instance, chain.defect);
  }
  if (chain.sets.empty()) {
    return {.reason = "the message has no chain"};
  }
  const auto last = static_cast<unsigned>(chain.sets.size());
  if (chain.ended) {
    return broken(last, "a hand before us found the chain broken");
  }
  const Set& newest = chain.sets.back();
  const auto record = find_key(keys, key_name(newest.signature), last);
  if (!record) {
    return record.error();
  }
  const auto verdict =
      dkim::verify(section, newest.signature_field, newest.signature, body, *record, now);
  if (verdict != dkim::Verdict::pass) {
    return broken(last, fmt::format("ARC-Message-Signature {}: {}", last, dkim::describe(verdict)));
  }
  SealHash hash;
  for (unsigned i = 0; i < last; ++i) {
    const Set& set = chain.sets[i];
    const auto key = find_key(keys, key_name(set.seal), i + 1);
    if (!key) {
      return key.error();
    }
    const auto digest =
        hash.digest(set.results_field.raw, set.signature_field.raw, set.seal_field.raw);
    if (!is_sealed_by(set.seal, digest, *key)) {
      return broken(i + 1,
                    fmt::format("ARC-Seal {}: a set was changed, or another key sealed", i + 1));
    }
    hash.add(set.results_field.raw, set.signature_field.raw, set.seal_field.raw);
  }
  return {.status = Status::pass,
          .reason =
              fmt::format("{} sealed by {}",
                          last == 1 ? "set 1 is" : fmt::format("sets 1 to {} are, the last", last),
                          newest.seal.domain)};
}

}  // namespace postrider::arc
