#include <algorithm>
#include <utility>

#include <postrider/codec/dns/trust_cache.hpp>

namespace postrider::dns {

SharedCut TrustCache::find(const WireName& name, std::int64_t now_s) {
  const auto found = by_name_.find(name.octets());
  if (found == by_name_.end()) {
    return nullptr;
  }
  const Place place = found->second;
  if ((*place)->expires_s <= now_s) {
    by_name_.erase(found);
    cuts_.erase(place);
    return nullptr;
  }
  cuts_.splice(cuts_.begin(), cuts_, place);
  return *place;
}

void TrustCache::put(SharedCut cut) {
  if (const auto old = by_name_.find(cut->name.octets()); old != by_name_.end()) {
    const Place place = old->second;
    by_name_.erase(old);
    cuts_.erase(place);
  }
  if (entries_max_ == 0) {
    return;
  }
  while (by_name_.size() >= entries_max_) {
    by_name_.erase(cuts_.back()->name.octets());
    cuts_.pop_back();
  }
  cuts_.push_front(std::move(cut));
  by_name_.emplace(cuts_.front()->name.octets(), cuts_.begin());
}

std::vector<SharedCut> TrustCache::most_recent(std::size_t count) const {
  std::vector<SharedCut> recent;
  recent.reserve(std::min(count, cuts_.size()));
  for (auto cut = cuts_.begin(); cut != cuts_.end() && recent.size() < count; ++cut) {
    recent.push_back(*cut);
  }
  return recent;
}

void TrustCache::forget_bogus() {
  for (auto cut = cuts_.begin(); cut != cuts_.end();) {
    if ((*cut)->kind == Cut::Kind::bogus) {
      by_name_.erase((*cut)->name.octets());
      cut = cuts_.erase(cut);
    } else {
      ++cut;
    }
  }
}

void TrustCache::clear() {
  by_name_.clear();
  cuts_.clear();
}

}  // namespace postrider::dns
