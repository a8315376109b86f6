#include "denial.hpp"
#include "set_checker.hpp"
#include "trust_chain.hpp"

#include <algorithm>
#include <deque>
#include <fmt/core.h>

#include <postrider/codec/dns/validator.hpp>

namespace postrider::dns {

namespace {

unsigned severity(Security security) {
  switch (security) {
    case Security::secure:
      return 0;
    case Security::insecure:
      return 1;
    case Security::indeterminate:
      return 2;
    case Security::bogus:
      return 3;
  }
  return 3;
}

// The deepest signer that can have the name in its zone; nothing: unsigned. A DS set is the
// parent's (RFC 4035 2.4).
void note_signer(const RrSet& set, const WireName& name, RecordType type,
                 std::optional<WireName>& signer) {
  for (const Rrsig& rrsig : set.signatures) {
    const bool fits =
        type == RecordType::ds ? name.is_below(rrsig.signer) : name.is_at_or_below(rrsig.signer);
    if (fits && (!signer || rrsig.signer.labels() > signer->labels())) {
      signer = rrsig.signer;
    }
  }
}

bool is_proof(const RrSet& set) {
  return set.type == RecordType::nsec || set.type == RecordType::nsec3;
}

}  // namespace

std::string_view describe(Security security) {
  switch (security) {
    case Security::secure:
      return "secure";
    case Security::insecure:
      return "insecure";
    case Security::bogus:
      return "bogus";
    case Security::indeterminate:
      return "indeterminate";
  }
  return "indeterminate";
}

Security worst(Security a, Security b) {
  return severity(a) >= severity(b) ? a : b;
}

class Validator::Impl {
 public:
  Impl(const TrustAnchors& anchors, TrustCache& cache, std::int64_t now_s, Known known)
      : checker_(now_s), chain_(anchors, cache, checker_, known == Known::all) {
    verdict_.security = Security::secure;
    verdict_.expires_s = checker_.horizon().expires_s;
    verdict_.signed_until_s = checker_.horizon().signed_until_s;
  }

  void begin(Evidence evidence, std::vector<Claim> claims) {
    responses_.push_back(std::move(evidence));
    claims_ = std::move(claims);
    next_claim_ = 0;
  }

  Step advance() {
    if (next_claim_ == claims_.size() || verdict_.security == Security::bogus) {
      return {};
    }
    checker_.begin_step();
    if (checker_.effort().steps > dnssec_limits::steps) {
      settle(Security::bogus, "the proof takes too many steps");
      return {};
    }
    checker_.begin_horizon();
    auto proven = prove(claims_[next_claim_], responses_.back());
    if (!proven) {
      switch (proven.error().kind) {
        case Halt::Kind::need:
          ++checker_.effort().queries;
          return {.kind = Step::Kind::need, .need = std::move(proven.error().need)};
        case Halt::Kind::again:
          return {.kind = Step::Kind::again, .need = {}};
        case Halt::Kind::insecure:
          settle(Security::insecure, std::move(proven.error().reason));
          break;
        case Halt::Kind::bogus:
        case Halt::Kind::over_budget:
          settle(Security::bogus, std::move(proven.error().reason));
          break;
        case Halt::Kind::indeterminate:
          verdict_.lookup_failed |= proven.error().lookup_failed;
          settle(Security::indeterminate, std::move(proven.error().reason));
          break;
      }
    }
    verdict_.expires_s = std::min(verdict_.expires_s, checker_.horizon().expires_s);
    verdict_.signed_until_s = std::min(verdict_.signed_until_s, checker_.horizon().signed_until_s);
    ++next_claim_;
    const bool done = next_claim_ == claims_.size() || verdict_.security == Security::bogus;
    return {.kind = done ? Step::Kind::done : Step::Kind::again, .need = {}};
  }

  TrustChain& chain() { return chain_; }
  SetChecker& checker() { return checker_; }
  [[nodiscard]] const Verdict& verdict() const { return verdict_; }

 private:
  void settle(Security security, std::string reason) {
    if (severity(security) > severity(verdict_.security)) {
      verdict_.security = security;
      verdict_.reason = std::move(reason);
    }
  }

  Outcome<void> prove(const Claim& claim, const Evidence& evidence) {
    const auto name = WireName::from_text(claim.name);
    if (!name) {
      return bogus("not a domain name");
    }
    return claim.kind == Claim::Kind::exists ? prove_set(*name, claim.type, evidence)
                                             : prove_absence(*name, claim, evidence);
  }

  // The zone whose signatures count at `name`, the signer that the answer names being a zone.
  Outcome<SharedCut> signing_zone(const WireName& name, RecordType type,
                                  const std::optional<WireName>& signer, std::string_view what) {
    const WireName& target = signer ? *signer : type == RecordType::ds ? name.parent() : name;
    auto zone = chain_.zone_of(target);
    if (!zone) {
      return zone;
    }
    if (!signer) {
      return bogus(
          fmt::format("no signature over {}, and {} is signed", what, (*zone)->name.shown()));
    }
    if ((*zone)->name != *signer) {
      return bogus(fmt::format("{} is signed by {}, which is no zone", what, signer->shown()));
    }
    return zone;
  }

  Outcome<void> prove_set(const WireName& name, RecordType type, const Evidence& evidence) {
    const RrSet* set = find_set(evidence.answers, name, type);
    if (set == nullptr) {
      return bogus(fmt::format("no {} of {} in the answer", describe(type), name.shown()));
    }
    if (type == RecordType::cname && set->signatures.empty()) {
      const RrSet* dname = find_dname(name, *set, evidence);
      set = dname != nullptr ? dname : set;
    }
    std::optional<WireName> signer;
    note_signer(*set, set->owner, set->type, signer);
    const auto zone = signing_zone(set->owner, set->type, signer, dns::describe(*set));
    if (!zone) {
      return failure(zone.error());
    }
    const auto signature = checker_.verify(*set, (*zone)->name, (*zone)->keys);
    if (!signature) {
      return failure(signature.error());
    }
    if ((*signature)->labels == set->owner.signed_labels()) {
      return {};
    }
    const auto expanded = prove_expansion(checker_,
                                          {.name = set->owner,
                                           .type = set->type,
                                           .no_such_name = true,
                                           .zone = **zone,
                                           .sets = evidence.authorities},
                                          (*signature)->labels);
    return conclude(expanded, set->owner);
  }

  // A CNAME that is made of a DNAME is not signed itself (RFC 6672 5.3.1).
  static const RrSet* find_dname(const WireName& name, const RrSet& cname,
                                 const Evidence& evidence) {
    const auto target = WireName::read(cname.rdatas.front());
    for (const RrSet& set : evidence.answers) {
      if (set.type != RecordType::dname || !name.is_below(set.owner) || set.rdatas.size() != 1) {
        continue;
      }
      const auto to = WireName::read(set.rdatas.front());
      const auto made = to ? to->with_prefix_of(name, set.owner) : std::nullopt;
      if (made && target && *made == *target && cname.rdatas.size() == 1) {
        return &set;
      }
    }
    return nullptr;
  }

  Outcome<void> prove_absence(const WireName& name, const Claim& claim, const Evidence& evidence) {
    std::optional<WireName> signer;
    for (const RrSet& set : evidence.authorities) {
      if (is_proof(set)) {
        note_signer(set, name, claim.type, signer);
      }
    }
    const auto zone = signing_zone(name, claim.type, signer, "the denial of " + name.shown());
    if (!zone) {
      return failure(zone.error());
    }
    const auto denial =
        prove_denial(checker_, {.name = name,
                                .type = claim.type,
                                .no_such_name = claim.kind == Claim::Kind::no_such_name,
                                .zone = **zone,
                                .sets = evidence.authorities});
    return conclude(denial, name);
  }

  static Outcome<void> conclude(const Outcome<Denial>& denial, const WireName& name) {
    if (!denial) {
      return failure(denial.error());
    }
    if (denial->opt_out) {
      return halt(Halt::Kind::insecure,
                  name.shown() + " lies where unsigned delegations may be (opt-out)");
    }
    return {};
  }

  SetChecker checker_;
  TrustChain chain_;
  std::deque<Evidence> responses_;  // stay where they are: the checker knows sets by their address
  std::vector<Claim> claims_;
  std::size_t next_claim_ = 0;
  Verdict verdict_;
};

Validator::Validator(const TrustAnchors& anchors, TrustCache& cache, std::int64_t now_s,
                     Known known)
    : impl_(std::make_unique<Impl>(anchors, cache, now_s, known)) {}

Validator::~Validator() = default;

void Validator::begin(Evidence evidence, std::vector<Claim> claims) {
  impl_->begin(std::move(evidence), std::move(claims));
}

Validator::Step Validator::advance() {
  return impl_->advance();
}

void Validator::on_evidence(const Question& question, Evidence evidence) {
  impl_->chain().on_evidence(question, std::move(evidence));
}

void Validator::on_failure(const Question& question, std::string reason) {
  impl_->chain().on_failure(question, std::move(reason));
}

const Verdict& Validator::verdict() const {
  return impl_->verdict();
}

Validator::Effort Validator::effort() const {
  return impl_->checker().effort();
}

}  // namespace postrider::dns
