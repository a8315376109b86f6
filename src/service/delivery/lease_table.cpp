#include "lease_table.hpp"

#include <algorithm>

#include <postrider/base/assert.hpp>

namespace postrider::delivery {

void LeaseTable::unlink(Site& site, Place place) {
  const Lease& lease = place->second;
  if (lease.waiting > 0) {
    site.needs.erase({lease.held, lease.since, place});
    site.without -= lease.held == 0 ? 1 : 0;
  }
  if (lease.held > lease.recalled) {
    site.spares.erase({lease.held - lease.recalled, ~lease.last_granted, place});
  }
}

void LeaseTable::link(Site& site, Place place) {
  const Lease& lease = place->second;
  if (lease.waiting > 0) {
    site.needs.insert({lease.held, lease.since, place});
    site.without += lease.held == 0 ? 1 : 0;
  }
  if (lease.held > lease.recalled) {
    site.spares.insert({lease.held - lease.recalled, ~lease.last_granted, place});
  }
}

bool LeaseTable::ask(const std::string& site_name, const Lessee& lessee) {
  Site& site = sites_[site_name];
  const Place place = &*site.leases.try_emplace(lessee).first;
  Lease& lease = place->second;
  unlink(site, place);
  const bool is_free = site.held < limit_;  // nobody waits then
  if (is_free) {
    ++site.held;
    ++lease.held;
    lease.last_granted = ++happened_;
  } else if (++lease.waiting == 1) {
    lease.since = ++happened_;
  }
  link(site, place);
  balance(site);
  return is_free;
}

void LeaseTable::give_back(const std::string& site_name, const Lessee& lessee) {
  const auto found = sites_.find(site_name);
  check(found != sites_.end(), "a unit of a site that nobody holds");
  Site& site = found->second;
  const auto held = site.leases.find(lessee);
  check(held != site.leases.end() && held->second.held > 0, "a unit that its lane does not hold");
  Lease& lease = held->second;
  unlink(site, &*held);
  --lease.held;
  --site.held;
  if (lease.recalled > 0) {
    --lease.recalled;
    --site.recalled;
  }
  link(site, &*held);
  balance(site);
  drop_if_idle(site, lessee);
  if (site.leases.empty()) {
    sites_.erase(found);
  }
}

void LeaseTable::drop_if_idle(Site& site, const Lessee& lessee) {
  const auto found = site.leases.find(lessee);
  if (found->second.held == 0 && found->second.waiting == 0) {
    site.leases.erase(found);
  }
}

void LeaseTable::forget(CoreId core) {
  for (auto place = sites_.begin(); place != sites_.end();) {
    Site& site = place->second;
    auto first = site.leases.lower_bound({core, ""});
    while (first != site.leases.end() && first->first.core == core) {
      unlink(site, &*first);
      site.held -= first->second.held;
      site.recalled -= first->second.recalled;
      first = site.leases.erase(first);
    }
    balance(site);
    place = site.leases.empty() ? sites_.erase(place) : std::next(place);
  }
}

void LeaseTable::set_limit(std::uint32_t limit) {
  limit_ = limit;
  for (auto& [name, site] : sites_) {
    balance(site);
  }
}

std::uint32_t LeaseTable::held(const std::string& site) const {
  const auto found = sites_.find(site);
  return found == sites_.end() ? 0 : found->second.held;
}

void LeaseTable::grant(Site& site, Place place) {
  Lease& lease = place->second;
  unlink(site, place);
  ++site.held;
  ++lease.held;
  --lease.waiting;
  // The next unit that it waits for goes behind the others that hold as many.
  lease.since = lease.last_granted = ++happened_;
  link(site, place);
  listener_.on_granted(place->first);
}

void LeaseTable::recall(Site& site, Place place) {
  unlink(site, place);
  ++site.recalled;
  ++place->second.recalled;
  link(site, place);
  listener_.on_recalled(place->first);
}

void LeaseTable::balance(Site& site) {
  while (site.held < limit_ && !site.needs.empty()) {
    grant(site, std::get<Place>(*site.needs.begin()));
  }
  const std::uint32_t too_many = site.held > limit_ ? site.held - limit_ : 0;
  while (site.recalled < too_many + site.without && !site.spares.empty()) {
    recall(site, std::get<Place>(*site.spares.rbegin()));
  }
  if (site.recalled == 0 && !site.needs.empty() && !site.spares.empty()) {
    const std::uint32_t fewest = std::get<0>(*site.needs.begin());
    const auto& [most, order, place] = *site.spares.rbegin();
    if (most > fewest + 1) {
      recall(site, place);
    }
  }
}

}  // namespace postrider::delivery
