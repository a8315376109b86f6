#include <algorithm>

#include <postrider/base/assert.hpp>
#include <postrider/base/text.hpp>
#include <postrider/policy/evidence.hpp>

namespace postrider::policy {

Evidence::Evidence(const mime::HeaderSection& section, std::size_t max_signatures)
    : section_(section), chain_(arc::read_chain(section)) {
  for (const mime::HeaderField& field : section.fields()) {
    if (!equals_ignoring_case(field.name, "DKIM-Signature")) {
      continue;
    }
    if (signatures_.size() == max_signatures) {
      ++skipped_;
      continue;
    }
    signatures_.push_back({field, dkim::parse_signature(field.value)});
    if (signatures_.back().signature) {
      need(*signatures_.back().signature);
    }
  }
  if (!chain_.sets.empty() && !chain_.ended) {
    need(chain_.sets.back().signature);
  }
}

Evidence::Form Evidence::form_of(const dkim::Signature& signature) {
  return {signature.body, signature.body_length.value_or(dkim::BodyHasher::unlimited)};
}

void Evidence::need(const dkim::Signature& signature) {
  const Form form = form_of(signature);
  if (std::ranges::find(hashings_, form, &Hashing::form) == hashings_.end()) {
    hashings_.push_back({form, dkim::BodyHasher(form.canonicalization, form.length), {}});
  }
}

void Evidence::update(std::string_view body) {
  for (Hashing& hashing : hashings_) {
    hashing.hasher.update(body);
  }
}

void Evidence::finish() {
  for (Hashing& hashing : hashings_) {
    hashing.facts.hash = hashing.hasher.finish();
    hashing.facts.canonical_octets = hashing.hasher.canonical_octets();
  }
}

const dkim::BodyFacts& Evidence::body_of(const dkim::Signature& signature) const {
  const auto it = std::ranges::find(hashings_, form_of(signature), &Hashing::form);
  check(it != hashings_.end(), "the signature is one of this message");
  return it->facts;
}

}  // namespace postrider::policy
