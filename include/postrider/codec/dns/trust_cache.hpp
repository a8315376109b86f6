#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <postrider/codec/dns/dnssec_limits.hpp>
#include <postrider/codec/dns/wire_name.hpp>

namespace postrider::dns {

// What has been proven of one name on the way down from a trust anchor.
struct Cut {
  enum class Kind : std::uint8_t {
    zone,       // a signed zone begins here, with these keys
    insecure,   // from here on nothing is signed, and the parent says so: `reason`
    not_a_cut,  // the name belongs to the zone above
    nothing,    // the name does not exist, nor any below: likewise
    bogus,      // its parent or its own keys don't hold: `reason`
  };
  Kind kind = Kind::bogus;
  WireName name;
  std::vector<std::string> keys;  // DNSKEY RDATA, of zone
  std::string reason;
  std::int64_t expires_s = 0;  // seconds since 1970
};
// Shared by the cache and the validations under way; never changed.
using SharedCut = std::shared_ptr<const Cut>;

// Validated keys, and the cuts without: a signature over them is checked once, not once a domain.
// The least recently used goes first. Limits: trust_cache_entries. Shard: one a core.
class TrustCache {
 public:
  explicit TrustCache(std::size_t entries_max = dnssec_limits::trust_cache_entries)
      : entries_max_(entries_max) {}

  // nullptr: not known, or no longer at `now_s`.
  [[nodiscard]] SharedCut find(const WireName& name, std::int64_t now_s);
  void put(SharedCut cut);
  void clear();
  // What was found bogus is looked into anew. Cost: that of all entries.
  void forget_bogus();
  // Those used last, in order of their use.
  [[nodiscard]] std::vector<SharedCut> most_recent(std::size_t count) const;
  [[nodiscard]] std::size_t entries() const { return by_name_.size(); }

 private:
  using Place = std::list<SharedCut>::iterator;
  std::size_t entries_max_;
  std::list<SharedCut> cuts_;  // the most recently used first
  std::unordered_map<std::string_view, Place> by_name_;
};

}  // namespace postrider::dns
