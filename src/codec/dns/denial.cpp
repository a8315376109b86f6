#include "denial.hpp"

#include <algorithm>
#include <fmt/core.h>

#include <postrider/codec/dns/dnssec_limits.hpp>

namespace postrider::dns {

namespace {

bool has_nsec3(const DenialQuery& query) {
  return std::ranges::find(query.sets, RecordType::nsec3, &RrSet::type) != query.sets.end();
}

bool is_too_much(const DenialQuery& query) {
  const auto proofs = std::ranges::count_if(query.sets, [](const RrSet& set) {
    return set.type == RecordType::nsec || set.type == RecordType::nsec3;
  });
  return static_cast<std::size_t>(proofs) > dnssec_limits::denial_sets;
}

std::unexpected<Halt> too_much(const DenialQuery& query) {
  return bogus(fmt::format("more than {} NSEC or NSEC3 sets about {}", dnssec_limits::denial_sets,
                           query.name.shown()));
}

}  // namespace

std::unexpected<Halt> no_proof(const DenialQuery& query) {
  return bogus(
      query.no_such_name
          ? fmt::format("no proof that {} does not exist", query.name.shown())
          : fmt::format("no proof that {} has no {}", query.name.shown(), describe(query.type)));
}

bool denies_type(const TypeBitmap& types, const DenialQuery& query) {
  if (types.has(query.type) || types.has(RecordType::cname)) {
    return false;
  }
  if (query.type == RecordType::ds) {
    return !types.has(RecordType::soa) || query.name.is_root();
  }
  return !types.is_delegation();
}

Outcome<void> verify_denial(SetChecker& checker, const RrSet& set, const Cut& zone) {
  const auto signature = checker.verify(set, zone.name, zone.keys);
  if (!signature) {
    return failure(signature.error());
  }
  if ((*signature)->labels != set.owner.signed_labels()) {
    return bogus(describe(set) + " is made of a wildcard");
  }
  return {};
}

Outcome<Denial> prove_denial(SetChecker& checker, const DenialQuery& query) {
  if (is_too_much(query)) {
    return too_much(query);
  }
  return has_nsec3(query) ? prove_by_nsec3(checker, query) : prove_by_nsec(checker, query);
}

Outcome<Denial> prove_expansion(SetChecker& checker, const DenialQuery& query, std::size_t labels) {
  if (is_too_much(query)) {
    return too_much(query);
  }
  return has_nsec3(query) ? expand_by_nsec3(checker, query, labels)
                          : expand_by_nsec(checker, query, labels);
}

}  // namespace postrider::dns
