#pragma once

#include "config.hpp"
#include "server_tls.hpp"

#include <memory>
#include <optional>

#include <postrider/engine/reactor.hpp>
#include <postrider/flow/learnt_shelves.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/policy/mta_sts_cache.hpp>
#include <postrider/policy/tls_report.hpp>
#include <postrider/store/fact_store.hpp>

namespace postrider::app {

// What one core knows of other domains' TLS: their MTA-STS policies, and what is counted for their
// reports. The references outlive it. Shard: its core.
class PeerPolicies {
 public:
  struct Doors {
    engine::Reactor& reactor;
    net::Resolver& resolver;
    store::FactStore& facts;
    const ClientContexts& tls;
  };
  PeerPolicies(Doors doors, const Config& config);

  // What a reload may change: [delivery] mta_sts and mta_sts_port, [tls_report] enabled.
  void apply(const Config& config);

  // nullptr: no trust anchors to fetch policies by.
  [[nodiscard]] policy::MtaStsCache* sts() { return sts_ ? &*sts_ : nullptr; }
  [[nodiscard]] flow::StoredDays& report_shelf() { return report_shelf_; }
  [[nodiscard]] policy::TlsReportTally& reports() { return reports_; }

  void start(CoreId core, CoreId cores);
  [[nodiscard]] engine::Task<void> drain();

 private:
  flow::StoredStsPolicies sts_shelf_;
  flow::StoredDays report_shelf_;
  std::unique_ptr<policy::HttpsStsFetcher> fetcher_;
  std::optional<policy::MtaStsCache> sts_;
  policy::TlsReportTally reports_;
};

}  // namespace postrider::app
