#include "site_leases.hpp"

#include <algorithm>

#include <postrider/base/assert.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/service/delivery/delivery.hpp>

namespace postrider::delivery {

SiteSlot::~SiteSlot() {
  if (lease_ != nullptr) {
    lease_->give_back(is_leaving_);
  }
}

void SiteSlot::leave() {
  if (lease_ != nullptr && !is_leaving_) {
    is_leaving_ = true;
    lease_->leave();
  }
}

SiteLeases::SiteLeases(engine::Cores& cores, CoreId core, Peers& peers, std::uint32_t limit)
    : cores_(cores), reactor_(cores.reactor(core)), peers_(peers), table_(limit, *this) {}

SiteLeases::~SiteLeases() = default;

// Also to itself: what a table says arrives in order, and never inside a call to it.
template <class F>
void SiteLeases::tell(CoreId core, F what) {
  cores_.post(reactor_, core, [to = peers_[core].get(), what = std::move(what)] { what(*to); });
}

bool SiteLeases::ask(SiteLease& lease) {
  Lessee lessee{reactor_.core(), lease.lane_};
  if (lease.home_ == reactor_.core()) {
    return table_.ask(lease.site_, lessee);
  }
  tell(lease.home_, [site = lease.site_, lessee = std::move(lessee)](SiteLeases& home) {
    if (home.table_.ask(site, lessee)) {
      home.on_granted(lessee);
    }
  });
  return false;
}

void SiteLeases::give_back(const SiteLease& lease) {
  if (closed_) {
    return;  // the homes have forgotten this core
  }
  Lessee lessee{reactor_.core(), lease.lane_};
  if (lease.home_ == reactor_.core()) {
    table_.give_back(lease.site_, lessee);
    return;
  }
  tell(lease.home_, [site = lease.site_, lessee = std::move(lessee)](SiteLeases& home) {
    home.table_.give_back(site, lessee);
  });
}

void SiteLeases::on_granted(const Lessee& lessee) {
  tell(lessee.core, [lane = lessee.lane](SiteLeases& peer) { peer.take_grant(lane); });
}

void SiteLeases::on_recalled(const Lessee& lessee) {
  tell(lessee.core, [lane = lessee.lane](SiteLeases& peer) { peer.take_recall(lane); });
}

void SiteLeases::take_grant(const std::string& lane) {
  if (closed_) {
    return;
  }
  const auto found = leases_.find(lane);
  check(found != leases_.end() && found->second->asked_ > 0, "a grant that nobody asked for");
  SiteLease& lease = *found->second;
  --lease.asked_;
  ++lease.held_;
  lease.events_.on_granted(SiteSlot(lease));
}

void SiteLeases::take_recall(const std::string& lane) {
  const auto found = leases_.find(lane);
  if (closed_ || found == leases_.end()) {
    return;  // what it held is on its way home
  }
  SiteLease& lease = *found->second;
  if (lease.unasked_ > 0) {
    --lease.unasked_;
  } else if (lease.recalled_ + lease.leaving_ < lease.held_) {
    ++lease.recalled_;
    lease.events_.on_recalled();
  }
}

engine::Task<void> SiteLeases::close() {
  closed_ = true;
  CoreId left = cores_.count();
  engine::Event all_done(reactor_);
  for (CoreId home = 0; home < cores_.count(); ++home) {
    tell(home, [this, &left, &all_done](SiteLeases& peer) {
      peer.table_.forget(reactor_.core());
      peer.tell(reactor_.core(), [&left, &all_done](SiteLeases&) {
        if (--left == 0) {
          all_done.set();
        }
      });
    });
  }
  (void)co_await all_done.wait({mono_never, {}});  // each core answers
}

SiteLease::SiteLease(SiteLeases& leases, std::string site, std::string lane, Events events)
    : leases_(leases),
      site_(std::move(site)),
      home_(home_of(site_, leases.cores_.count())),
      lane_(std::move(lane)),
      events_(std::move(events)) {
  check(leases_.leases_.emplace(lane_, this).second, "two lanes of one name");
}

SiteLease::~SiteLease() {
  leases_.leases_.erase(lane_);
}

SiteSlot SiteLease::ask() {
  if (leases_.ask(*this)) {
    ++held_;
    return SiteSlot(*this);
  }
  ++asked_;
  return {};
}

void SiteLease::leave() {
  ++leaving_;
  if (recalled_ > 0) {
    --recalled_;
  } else {
    ++unasked_;
  }
}

void SiteLease::give_back(bool was_leaving) {
  --held_;
  if (was_leaving) {
    --leaving_;
    unasked_ = std::min(unasked_, leaving_);
  } else if (recalled_ > 0) {
    --recalled_;
  }
  leases_.give_back(*this);
}

}  // namespace postrider::delivery
