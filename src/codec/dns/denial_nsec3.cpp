#include "denial.hpp"

#include <fmt/core.h>
#include <optional>

#include <postrider/codec/dns/dnssec_limits.hpp>

namespace postrider::dns {

namespace {

struct Nsec3Set {
  const RrSet* set = nullptr;
  Sha1Digest owner{};
  Nsec3 nsec3;
};

// Those of one chain: equal parameters (RFC 5155 8.2), directly below the zone's apex.
struct Nsec3Chain {
  Nsec3Parameters parameters;
  std::vector<Nsec3Set> sets;
};

Nsec3Chain read_chain(const DenialQuery& query) {
  Nsec3Chain chain;
  for (const RrSet& set : query.sets) {
    if (set.type != RecordType::nsec3 || set.owner.is_root() ||
        set.owner.parent() != query.zone.name) {
      continue;
    }
    const auto owner = parse_hash_label(set.owner.first_label());
    for (const std::string& rdata : set.rdatas) {
      const auto nsec3 = parse_nsec3(rdata);
      if (!owner || !nsec3) {
        continue;
      }
      if (chain.sets.empty()) {
        chain.parameters = nsec3->parameters;
      }
      if (nsec3->parameters == chain.parameters) {
        chain.sets.push_back({.set = &set, .owner = *owner, .nsec3 = *nsec3});
      }
    }
  }
  return chain;
}

class Nsec3Prover {
 public:
  Nsec3Prover(SetChecker& checker, const DenialQuery& query)
      : checker_(checker), query_(query), chain_(read_chain(query)) {}

  // Before anything is hashed (RFC 9276 3.2). That the parameters are the zone's own is shown
  // before they make it insecure.
  [[nodiscard]] Outcome<void> check_parameters() {
    if (chain_.sets.empty()) {
      return no_proof(query_);
    }
    const std::uint16_t iterations = chain_.parameters.iterations;
    if (iterations <= dnssec_limits::nsec3_iterations_secure) {
      return {};
    }
    const std::string reason =
        fmt::format("the NSEC3 of {} has {} iterations", query_.zone.name.shown(), iterations);
    if (iterations > dnssec_limits::nsec3_iterations_insecure) {
      return bogus(reason);
    }
    if (auto holds = verify(chain_.sets.front()); !holds) {
      return holds;
    }
    return halt(Halt::Kind::insecure, reason);
  }

  [[nodiscard]] Outcome<const Nsec3Set*> find_matching(const WireName& name) {
    return find(name,
                [](const Nsec3Set& set, const Sha1Digest& hash) { return set.owner == hash; });
  }
  [[nodiscard]] Outcome<const Nsec3Set*> find_covering(const WireName& name) {
    return find(name, [](const Nsec3Set& set, const Sha1Digest& hash) {
      const Sha1Digest& next = set.nsec3.next;
      // The last of the chain leads back to the first.
      return set.owner < next ? set.owner < hash && hash < next : set.owner < hash || hash < next;
    });
  }
  [[nodiscard]] Outcome<void> verify(const Nsec3Set& set) {
    return verify_denial(checker_, *set.set, query_.zone);
  }

  // RFC 5155 8.3: the longest ancestor that exists, and that the name one label longer does not.
  struct Encloser {
    WireName name;
    bool opt_out = false;
  };
  [[nodiscard]] Outcome<Encloser> prove_encloser() {
    const std::size_t apex_labels = query_.zone.name.labels();
    for (std::size_t labels = query_.name.labels(); labels-- > apex_labels;) {
      const WireName name = query_.name.last(labels);
      const auto matching = find_matching(name);
      if (!matching) {
        return failure(matching.error());
      }
      if (*matching != nullptr) {
        return prove_encloser_is(name, **matching);
      }
    }
    return no_proof(query_);
  }

  [[nodiscard]] Outcome<bool> prove_next_closer(std::size_t encloser_labels) {
    const auto covering = find_covering(query_.name.last(encloser_labels + 1));
    if (!covering) {
      return failure(covering.error());
    }
    if (*covering == nullptr) {
      return no_proof(query_);
    }
    if (auto holds = verify(**covering); !holds) {
      return failure(std::move(holds.error()));
    }
    return (*covering)->nsec3.is_opt_out();
  }

 private:
  template <class Fits>
  Outcome<const Nsec3Set*> find(const WireName& name, Fits fits) {
    const auto hash = checker_.hash(name, chain_.parameters);
    if (!hash) {
      return failure(hash.error());
    }
    for (const Nsec3Set& set : chain_.sets) {
      if (fits(set, *hash)) {
        return &set;
      }
    }
    return nullptr;
  }

  Outcome<Encloser> prove_encloser_is(const WireName& name, const Nsec3Set& matching) {
    if (auto holds = verify(matching); !holds) {
      return failure(std::move(holds.error()));
    }
    // What lies below is another zone's, or renamed (RFC 5155 8.3).
    if (matching.nsec3.types.is_delegation() || matching.nsec3.types.has(RecordType::dname)) {
      return no_proof(query_);
    }
    const auto opt_out = prove_next_closer(name.labels());
    if (!opt_out) {
      return failure(opt_out.error());
    }
    return Encloser{.name = name, .opt_out = *opt_out};
  }

  SetChecker& checker_;
  const DenialQuery& query_;
  Nsec3Chain chain_;
};

// RFC 5155 8.4 to 8.7, behind the closest encloser.
Outcome<Denial> deny_wildcard(Nsec3Prover& prover, const DenialQuery& query,
                              const Nsec3Prover::Encloser& encloser) {
  // An unsigned delegation, or an empty name above one, may stand there (8.6 and its errata).
  if (!query.no_such_name && encloser.opt_out) {
    return Denial{.opt_out = true};
  }
  const auto wildcard = encloser.name.wildcard();
  if (!wildcard) {
    return Denial{.opt_out = encloser.opt_out};
  }
  const auto found =
      query.no_such_name ? prover.find_covering(*wildcard) : prover.find_matching(*wildcard);
  if (!found) {
    return failure(found.error());
  }
  if (*found == nullptr || (!query.no_such_name && !denies_type((*found)->nsec3.types, query))) {
    return no_proof(query);
  }
  if (auto holds = prover.verify(**found); !holds) {
    return failure(std::move(holds.error()));
  }
  return Denial{.opt_out = encloser.opt_out};
}

}  // namespace

Outcome<Denial> prove_by_nsec3(SetChecker& checker, const DenialQuery& query) {
  Nsec3Prover prover(checker, query);
  if (auto fit = prover.check_parameters(); !fit) {
    return failure(std::move(fit.error()));
  }
  const auto matching = prover.find_matching(query.name);
  if (!matching) {
    return failure(matching.error());
  }
  if (*matching != nullptr) {
    if (query.no_such_name || !denies_type((*matching)->nsec3.types, query)) {
      return no_proof(query);
    }
    if (auto holds = prover.verify(**matching); !holds) {
      return failure(std::move(holds.error()));
    }
    return Denial{.delegation = (*matching)->nsec3.types.is_delegation()};
  }
  const auto encloser = prover.prove_encloser();
  if (!encloser) {
    return failure(encloser.error());
  }
  return deny_wildcard(prover, query, *encloser);
}

Outcome<Denial> expand_by_nsec3(SetChecker& checker, const DenialQuery& query, std::size_t labels) {
  Nsec3Prover prover(checker, query);
  if (auto fit = prover.check_parameters(); !fit) {
    return failure(std::move(fit.error()));
  }
  const auto opt_out = prover.prove_next_closer(labels);
  if (!opt_out) {
    return failure(opt_out.error());
  }
  return Denial{.opt_out = *opt_out};
}

}  // namespace postrider::dns
