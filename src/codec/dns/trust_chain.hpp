#pragma once

#include "halt.hpp"
#include "set_checker.hpp"

#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>

#include <postrider/codec/dns/trust_anchors.hpp>
#include <postrider/codec/dns/trust_cache.hpp>

namespace postrider::dns {

// The way from a trust anchor down to a zone, label by label: at each name the parent's DS set, or
// its denial, says whether a zone begins there and whether it is signed (RFC 4035 5.2).
class TrustChain {
 public:
  TrustChain(const TrustAnchors& anchors, TrustCache& cache, SetChecker& checker,
             bool believes_bogus)
      : anchors_(anchors), cache_(cache), checker_(checker), believes_bogus_(believes_bogus) {}

  // The signed zone that `name` lies in; insecure: it lies in none.
  [[nodiscard]] Outcome<SharedCut> zone_of(const WireName& name);

  void on_evidence(const Question& question, Evidence evidence);
  void on_failure(const Question& question, std::string reason);

 private:
  using Anchor = std::pair<const WireName, TrustAnchors::Anchor>;

  [[nodiscard]] SharedCut known(const WireName& name);
  [[nodiscard]] Outcome<SharedCut> find_cut(const Anchor& anchor, const WireName& name,
                                            const SharedCut& above);
  [[nodiscard]] Outcome<Cut> judge(const Anchor& anchor, const WireName& name,
                                   const SharedCut& above);
  [[nodiscard]] Outcome<Cut> judge_without_ds(const WireName& name, const Cut& above,
                                              const Evidence& evidence);
  [[nodiscard]] Outcome<Cut> open_zone(const WireName& name, const TrustAnchors::Anchor& anchor);
  [[nodiscard]] Outcome<std::vector<std::string>> anchored_keys(
      const RrSet& keys, const TrustAnchors::Anchor& anchor) const;
  [[nodiscard]] Outcome<const Evidence*> gather(const WireName& name, RecordType type);

  const TrustAnchors& anchors_;
  TrustCache& cache_;
  SetChecker& checker_;
  bool believes_bogus_;  // of the cache
  // Answers and failures, kept until the end: the checker knows sets by their address.
  std::map<std::pair<std::string, RecordType>, std::variant<Evidence, std::string>> gathered_;
  // What this chain stands on, even if the cache forgets it meanwhile.
  std::unordered_map<std::string, SharedCut> cuts_;
};

[[nodiscard]] const RrSet* find_set(const std::vector<RrSet>& sets, const WireName& owner,
                                    RecordType type);

}  // namespace postrider::dns
