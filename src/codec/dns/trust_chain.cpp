#include "trust_chain.hpp"

#include "denial.hpp"
#include "signature.hpp"

#include <algorithm>
#include <fmt/core.h>

#include <postrider/codec/dns/dnssec_limits.hpp>

namespace postrider::dns {

namespace {

Cut insecure_cut(const WireName& name, std::string reason) {
  Cut cut;
  cut.kind = Cut::Kind::insecure;
  cut.name = name;
  cut.reason = std::move(reason);
  return cut;
}

Cut plain_cut(Cut::Kind kind, const WireName& name) {
  Cut cut;
  cut.kind = kind;
  cut.name = name;
  return cut;
}

// The records that can be used: SHA-1 only where nothing better stands beside it (RFC 4509 3).
std::vector<std::string> usable_ds(const RrSet& set) {
  std::vector<std::string> usable;
  bool has_better = false;
  constexpr std::uint8_t sha1 = 1;
  for (const bool weak : {false, true}) {
    for (const std::string& rdata : set.rdatas) {
      const auto ds = parse_ds(rdata);
      if (ds && is_supported_algorithm(ds->algorithm) && is_supported_digest(ds->digest_type) &&
          (ds->digest_type == sha1) == weak && !(weak && has_better)) {
        usable.push_back(rdata);
      }
    }
    has_better = !usable.empty();
  }
  return usable;
}

// A DNAME above the name, in the zone: nothing below it is the zone's own (RFC 6672 2.4).
const RrSet* find_dname_above(const Evidence& evidence, const WireName& name,
                              const WireName& apex) {
  const auto found = std::ranges::find_if(evidence.answers, [&](const RrSet& set) {
    return set.type == RecordType::dname && name.is_below(set.owner) &&
           set.owner.is_at_or_below(apex);
  });
  return found == evidence.answers.end() ? nullptr : &*found;
}

}  // namespace

const RrSet* find_set(const std::vector<RrSet>& sets, const WireName& owner, RecordType type) {
  const auto found = std::ranges::find_if(
      sets, [&](const RrSet& set) { return set.type == type && set.owner == owner; });
  return found == sets.end() ? nullptr : &*found;
}

void TrustChain::on_evidence(const Question& question, Evidence evidence) {
  gathered_.try_emplace({question.name, question.type}, std::move(evidence));
}

void TrustChain::on_failure(const Question& question, std::string reason) {
  gathered_.try_emplace({question.name, question.type}, std::move(reason));
}

Outcome<const Evidence*> TrustChain::gather(const WireName& name, RecordType type) {
  Question question{.name = name.text(), .type = type};
  const auto found = gathered_.find({question.name, type});
  if (found != gathered_.end()) {
    if (const auto* evidence = std::get_if<Evidence>(&found->second)) {
      return evidence;
    }
    return failure(
        Halt{.kind = Halt::Kind::indeterminate,
             .reason = fmt::format("the {} of {} could not be looked up: {}", describe(type),
                                   name.shown(), std::get<std::string>(found->second)),
             .need = {},
             .lookup_failed = true});
  }
  if (checker_.effort().queries >= dnssec_limits::queries) {
    return failure(
        Halt{.kind = Halt::Kind::indeterminate,
             .reason = fmt::format("more than {} queries for keys", dnssec_limits::queries),
             .need = {},
             .lookup_failed = true});
  }
  return failure(Halt{.kind = Halt::Kind::need, .reason = {}, .need = std::move(question)});
}

SharedCut TrustChain::known(const WireName& name) {
  if (const auto found = cuts_.find(name.octets()); found != cuts_.end()) {
    return found->second;
  }
  SharedCut cut = cache_.find(name, checker_.now_s());
  if (cut && cut->kind == Cut::Kind::bogus && !believes_bogus_) {
    return nullptr;
  }
  if (cut) {
    cuts_.emplace(name.octets(), cut);
  }
  return cut;
}

Outcome<SharedCut> TrustChain::zone_of(const WireName& name) {
  const Anchor* anchor = anchors_.closest(name);
  if (anchor == nullptr) {
    return halt(Halt::Kind::indeterminate, "no trust anchor above " + name.shown());
  }
  const std::size_t first = anchor->first.labels();
  if (name.labels() - first > dnssec_limits::chain_labels) {
    return halt(Halt::Kind::over_budget, fmt::format("more than {} labels in {}",
                                                     dnssec_limits::chain_labels, name.shown()));
  }
  SharedCut zone;
  for (std::size_t labels = first; labels <= name.labels(); ++labels) {
    auto cut = find_cut(*anchor, name.last(labels), zone);
    if (!cut) {
      return cut;
    }
    switch ((*cut)->kind) {
      case Cut::Kind::zone:
        zone = std::move(*cut);
        break;
      case Cut::Kind::not_a_cut:
        break;
      case Cut::Kind::nothing:
        return zone;
      case Cut::Kind::insecure:
        checker_.lower_expiry((*cut)->expires_s);
        return halt(Halt::Kind::insecure, (*cut)->reason);
      case Cut::Kind::bogus:
        return bogus((*cut)->reason);
    }
  }
  return zone;
}

Outcome<SharedCut> TrustChain::find_cut(const Anchor& anchor, const WireName& name,
                                        const SharedCut& above) {
  if (SharedCut cut = known(name)) {
    return cut;
  }
  // The cut is believed for as long as what it is judged by, and the answer for its own time.
  const SetChecker::Horizon horizon = checker_.horizon();
  checker_.begin_horizon();
  Outcome<Cut> judged = judge(anchor, name, above);
  std::int64_t expires_s =
      std::max(checker_.horizon().expires_s, checker_.now_s() + dnssec_limits::trust_ttl_min_s);
  checker_.set_horizon(horizon);
  if (!judged) {
    Halt why = std::move(judged.error());  // what is assigned below takes its place
    if (why.kind == Halt::Kind::insecure) {
      judged = insecure_cut(name, std::move(why.reason));
    } else if (why.kind == Halt::Kind::bogus) {
      judged = plain_cut(Cut::Kind::bogus, name);
      judged->reason = std::move(why.reason);
      expires_s = checker_.now_s() + dnssec_limits::bogus_ttl_s;
    } else {
      return failure(std::move(why));
    }
  }
  judged->expires_s = expires_s;
  auto cut = std::make_shared<const Cut>(std::move(*judged));
  cuts_.emplace(name.octets(), cut);
  cache_.put(cut);
  return cut;
}

Outcome<Cut> TrustChain::judge(const Anchor& anchor, const WireName& name, const SharedCut& above) {
  if (!above) {
    return open_zone(name, anchor.second);
  }
  const auto evidence = gather(name, RecordType::ds);
  if (!evidence) {
    return failure(evidence.error());
  }
  const RrSet* set = find_set((*evidence)->answers, name, RecordType::ds);
  if (set == nullptr) {
    return judge_without_ds(name, *above, **evidence);
  }
  const auto signature = checker_.verify(*set, above->name, above->keys);
  if (!signature) {
    return failure(signature.error());
  }
  if ((*signature)->labels != name.signed_labels()) {
    return bogus(describe(*set) + " is made of a wildcard");
  }
  if (set->rdatas.size() > dnssec_limits::ds_per_zone) {
    return bogus(
        fmt::format("{} has more than {} DS records", name.shown(), dnssec_limits::ds_per_zone));
  }
  TrustAnchors::Anchor below{.ds = usable_ds(*set), .keys = {}};
  if (below.ds.empty()) {
    return insecure_cut(
        name, fmt::format("{} is signed only in ways that are not supported", name.shown()));
  }
  return open_zone(name, below);
}

Outcome<Cut> TrustChain::judge_without_ds(const WireName& name, const Cut& above,
                                          const Evidence& evidence) {
  const RrSet* alias = find_set(evidence.answers, name, RecordType::cname);
  if (alias == nullptr || alias->signatures.empty()) {
    const RrSet* dname = find_dname_above(evidence, name, above.name);
    alias = dname != nullptr ? dname : alias;
  }
  // What is an alias is no delegation (RFC 1034 3.6.2). One made of a wildcard shows as much: a
  // delegation would stand in the way of it.
  if (alias != nullptr) {
    const auto holds = checker_.verify(*alias, above.name, above.keys);
    if (!holds) {
      return failure(holds.error());
    }
    if ((*holds)->labels < alias->owner.signed_labels()) {
      const auto expanded = prove_expansion(checker_,
                                            {.name = name,
                                             .type = RecordType::ds,
                                             .no_such_name = false,
                                             .zone = above,
                                             .sets = evidence.authorities},
                                            (*holds)->labels);
      if (!expanded) {
        return failure(expanded.error());
      }
    }
    return plain_cut(Cut::Kind::not_a_cut, name);
  }
  const auto denial = prove_denial(checker_, {.name = name,
                                              .type = RecordType::ds,
                                              .no_such_name = evidence.no_such_name,
                                              .zone = above,
                                              .sets = evidence.authorities});
  if (!denial) {
    return failure(denial.error());
  }
  if (denial->delegation) {
    return insecure_cut(name, fmt::format("{} has no DS for {}: it is not signed",
                                          above.name.shown(), name.shown()));
  }
  if (denial->opt_out) {
    return insecure_cut(
        name, fmt::format("{} leaves {} unsigned by opt-out", above.name.shown(), name.shown()));
  }
  return plain_cut(evidence.no_such_name ? Cut::Kind::nothing : Cut::Kind::not_a_cut, name);
}

Outcome<std::vector<std::string>> TrustChain::anchored_keys(
    const RrSet& keys, const TrustAnchors::Anchor& anchor) const {
  std::vector<std::string> trusted;
  unsigned digests = 0;
  for (const std::string& rdata : keys.rdatas) {
    const auto key = parse_dnskey(rdata);
    if (!key || !key->may_sign_zone()) {
      continue;
    }
    bool is_trusted = std::ranges::find(anchor.keys, rdata) != anchor.keys.end();
    for (const std::string& ds_rdata : anchor.ds) {
      const auto ds = parse_ds(ds_rdata);
      if (is_trusted || !ds || ds->key_tag != key->tag || ds->algorithm != key->algorithm) {
        continue;
      }
      if (++digests > dnssec_limits::key_digests) {
        return bogus(fmt::format("more than {} DS records and keys of {} have the same tag",
                                 dnssec_limits::key_digests, keys.owner.shown()));
      }
      is_trusted = matches_ds(*ds, keys.owner, rdata);
    }
    if (is_trusted) {
      trusted.push_back(rdata);
    }
  }
  if (trusted.empty()) {
    return bogus(fmt::format("no DNSKEY of {} is one that {}", keys.owner.shown(),
                             keys.owner.is_root() ? "the trust anchors name" : "its DS names"));
  }
  return trusted;
}

Outcome<Cut> TrustChain::open_zone(const WireName& name, const TrustAnchors::Anchor& anchor) {
  const auto evidence = gather(name, RecordType::dnskey);
  if (!evidence) {
    return failure(evidence.error());
  }
  const RrSet* keys = find_set((*evidence)->answers, name, RecordType::dnskey);
  if (keys == nullptr) {
    return bogus(name.shown() + " should be signed, and has no DNSKEY");
  }
  if (keys->rdatas.size() > dnssec_limits::keys_per_zone) {
    return bogus(
        fmt::format("{} has more than {} keys", name.shown(), dnssec_limits::keys_per_zone));
  }
  const auto trusted = anchored_keys(*keys, anchor);
  if (!trusted) {
    return failure(trusted.error());
  }
  if (const auto signature = checker_.verify(*keys, name, *trusted); !signature) {
    return failure(signature.error());
  }
  Cut cut = plain_cut(Cut::Kind::zone, name);
  cut.keys = keys->rdatas;
  return cut;
}

}  // namespace postrider::dns
