#include "peer_policies.hpp"

#include <string>

#include <postrider/service/delivery/delivery.hpp>

namespace postrider::app {

PeerPolicies::PeerPolicies(Doors doors, const Config& config)
    : sts_shelf_(doors.facts),
      tls_shelf_(doors.facts, store::FactKind::tls_report),
      dmarc_shelf_(doors.facts, store::FactKind::dmarc_report),
      tls_reports_(doors.reactor, tls_shelf_),
      dmarc_reports_(doors.reactor, dmarc_shelf_, std::to_string(doors.reactor.core())) {
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
  tls_reports_.set_enabled(config.tls_report.enabled);
  dmarc_reports_.set_enabled(config.dmarc_report.enabled);
}

void PeerPolicies::start(CoreId core, CoreId cores) {
  if (sts_) {
    sts_->start_refresher([core, cores](std::string_view domain) {
      return delivery::home_of(domain, cores) == core;
    });
  }
  tls_reports_.start();
  dmarc_reports_.start();
}

engine::Task<void> PeerPolicies::drain() {
  if (sts_) {
    co_await sts_->drain();
  }
  co_await tls_reports_.drain();
  co_await dmarc_reports_.drain();
}

engine::Task<void> PeerPolicies::flush_reports() {
  co_await tls_reports_.flush();
  co_await dmarc_reports_.flush();
}

}  // namespace postrider::app
