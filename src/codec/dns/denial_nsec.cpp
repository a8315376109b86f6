#include "denial.hpp"

#include <optional>

namespace postrider::dns {

namespace {

struct NsecSet {
  const RrSet* set = nullptr;
  Nsec nsec;
};

template <class Fits>
std::optional<NsecSet> find_nsec(const DenialQuery& query, Fits fits) {
  for (const RrSet& set : query.sets) {
    if (set.type != RecordType::nsec || set.rdatas.size() != 1 ||
        !set.owner.is_at_or_below(query.zone.name)) {
      continue;
    }
    const auto nsec = parse_nsec(set.rdatas.front());
    if (nsec && fits(set.owner, *nsec)) {
      return NsecSet{.set = &set, .nsec = *nsec};
    }
  }
  return std::nullopt;
}

std::optional<NsecSet> find_matching(const DenialQuery& query, const WireName& name) {
  return find_nsec(query, [&](const WireName& owner, const Nsec&) { return owner == name; });
}

// The name lies between owner and next, or behind the zone's last name. What stands at a
// delegation or a DNAME says nothing about names below it (RFC 6840 4.1).
std::optional<NsecSet> find_covering(const DenialQuery& query, const WireName& name) {
  return find_nsec(query, [&](const WireName& owner, const Nsec& nsec) {
    const bool covers = owner < name && (name < nsec.next || nsec.next == query.zone.name) &&
                        name.is_at_or_below(query.zone.name);
    const bool is_foreign =
        name.is_below(owner) && (nsec.types.is_delegation() || nsec.types.has(RecordType::dname));
    return covers && !is_foreign;
  });
}

// Of a name that does not exist: the longest of its ancestors that does.
WireName closest_encloser(const WireName& name, const NsecSet& covering) {
  const WireName by_owner = common_ancestor(name, covering.set->owner);
  const WireName by_next = common_ancestor(name, covering.nsec.next);
  return by_owner.labels() >= by_next.labels() ? by_owner : by_next;
}

Outcome<Denial> deny_wildcard(SetChecker& checker, const DenialQuery& query,
                              const NsecSet& covering) {
  const auto wildcard = closest_encloser(query.name, covering).wildcard();
  if (!wildcard) {
    return Denial{};  // too long for a name: there is none
  }
  const auto proof =
      query.no_such_name ? find_covering(query, *wildcard) : find_matching(query, *wildcard);
  if (!proof || (!query.no_such_name && !denies_type(proof->nsec.types, query))) {
    return no_proof(query);
  }
  if (auto holds = verify_denial(checker, *proof->set, query.zone); !holds) {
    return failure(std::move(holds.error()));
  }
  return Denial{};
}

}  // namespace

Outcome<Denial> prove_by_nsec(SetChecker& checker, const DenialQuery& query) {
  if (const auto matching = find_matching(query, query.name)) {
    if (query.no_such_name || !denies_type(matching->nsec.types, query)) {
      return no_proof(query);
    }
    if (auto holds = verify_denial(checker, *matching->set, query.zone); !holds) {
      return failure(std::move(holds.error()));
    }
    return Denial{.delegation = matching->nsec.types.is_delegation()};
  }
  const auto covering = find_covering(query, query.name);
  if (!covering) {
    return no_proof(query);
  }
  if (auto holds = verify_denial(checker, *covering->set, query.zone); !holds) {
    return failure(std::move(holds.error()));
  }
  // Names below it exist, so it does, and is empty (RFC 4592 2.2.2).
  if (covering->nsec.next.is_below(query.name)) {
    return query.no_such_name ? Outcome<Denial>(no_proof(query)) : Denial{};
  }
  return deny_wildcard(checker, query, *covering);
}

Outcome<Denial> expand_by_nsec(SetChecker& checker, const DenialQuery& query, std::size_t labels) {
  const auto covering = find_covering(query, query.name);
  if (!covering || closest_encloser(query.name, *covering).labels() != labels) {
    return bogus("no proof that a wildcard applies to " + query.name.shown());
  }
  if (auto holds = verify_denial(checker, *covering->set, query.zone); !holds) {
    return failure(std::move(holds.error()));
  }
  return Denial{};
}

}  // namespace postrider::dns
