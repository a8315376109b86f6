#include "peer_policies.hpp"

#include <postrider/service/delivery/delivery.hpp>

namespace postrider::app {

PeerPolicies::PeerPolicies(Doors doors, const Config& config)
    : sts_shelf_(doors.facts),
      report_shelf_(doors.facts, store::FactKind::tls_report),
      reports_(doors.reactor, report_shelf_) {
  if (doors.tls.verified) {
    fetcher_ = std::make_unique<policy::HttpsStsFetcher>(
        net::HttpDoors{doors.reactor, doors.resolver, *doors.tls.verified},
        config.delivery.mta_sts_port);
    sts_.emplace(policy::MtaStsCache::Doors{doors.reactor, doors.resolver, *fetcher_, &sts_shelf_});
  }
  apply(config);
}

void PeerPolicies::apply(const Config& config) {
  if (sts_) {
    fetcher_->set_port(config.delivery.mta_sts_port);
    sts_->set_enabled(config.delivery.mta_sts);
  }
  reports_.set_enabled(config.tls_report.enabled);
}

void PeerPolicies::start(CoreId core, CoreId cores) {
  if (sts_) {
    sts_->start_refresher([core, cores](std::string_view domain) {
      return delivery::home_of(domain, cores) == core;
    });
  }
  reports_.start();
}

engine::Task<void> PeerPolicies::drain() {
  if (sts_) {
    co_await sts_->drain();
  }
  co_await reports_.drain();
}

}  // namespace postrider::app
