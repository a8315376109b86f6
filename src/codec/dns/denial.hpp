#pragma once

#include "halt.hpp"
#include "set_checker.hpp"

#include <vector>

#include <postrider/codec/dns/trust_cache.hpp>

namespace postrider::dns {

// A denial that holds.
struct Denial {
  bool delegation = false;  // the name is one, seen from the parent: NS and no SOA
  bool opt_out = false;     // an unsigned delegation may stand there (RFC 5155 9.2)
};

struct DenialQuery {
  const WireName& name;
  RecordType type{};
  bool no_such_name = false;  // else: the name, but not the type
  const Cut& zone;            // whose keys sign the proof
  const std::vector<RrSet>& sets;
};

// By NSEC (RFC 4035 5.4, RFC 6840 4) or NSEC3 (RFC 5155 8), whichever the sets hold; bogus: they
// prove it not.
[[nodiscard]] Outcome<Denial> prove_denial(SetChecker& checker, const DenialQuery& query);

// That no name closer than the wildcard with `labels` below its "*" exists, so that the wildcard
// applies to the name (RFC 4035 5.3.4, RFC 5155 8.8).
[[nodiscard]] Outcome<Denial> prove_expansion(SetChecker& checker, const DenialQuery& query,
                                              std::size_t labels);

// The parts.
[[nodiscard]] Outcome<Denial> prove_by_nsec(SetChecker& checker, const DenialQuery& query);
[[nodiscard]] Outcome<Denial> expand_by_nsec(SetChecker& checker, const DenialQuery& query,
                                             std::size_t labels);
[[nodiscard]] Outcome<Denial> prove_by_nsec3(SetChecker& checker, const DenialQuery& query);
[[nodiscard]] Outcome<Denial> expand_by_nsec3(SetChecker& checker, const DenialQuery& query,
                                              std::size_t labels);

// Whether types at the very name prove that the type asked for is not there (RFC 6840 4.1, 4.3,
// 4.4): the parent's side of a delegation knows DS alone, the child's side all but DS.
[[nodiscard]] bool denies_type(const TypeBitmap& types, const DenialQuery& query);
// The signature must be over the very name: none that a wildcard stands for.
[[nodiscard]] Outcome<void> verify_denial(SetChecker& checker, const RrSet& set, const Cut& zone);
[[nodiscard]] std::unexpected<Halt> no_proof(const DenialQuery& query);

}  // namespace postrider::dns
