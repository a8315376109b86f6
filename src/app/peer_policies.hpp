#pragma once

#include "config.hpp"
#include "server_tls.hpp"

#include <memory>
#include <optional>

#include <postrider/engine/reactor.hpp>
#include <postrider/flow/learnt_shelves.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/policy/dmarc_report.hpp>
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

  // What a reload may change: [delivery] mta_sts and mta_sts_port, the `enabled` of
  // [tls_report] and [dmarc_report].
  void apply(const Config& config);

  // nullptr: no trust anchors to fetch policies by.
  [[nodiscard]] policy::MtaStsCache* sts() { return sts_ ? &*sts_ : nullptr; }
  [[nodiscard]] policy::TlsReportTally& tls_reports() { return tls_reports_; }
  [[nodiscard]] policy::DmarcTally& dmarc_reports() { return dmarc_reports_; }
  [[nodiscard]] flow::StoredDays& tls_shelf() { return tls_shelf_; }
  [[nodiscard]] flow::StoredDays& dmarc_shelf() { return dmarc_shelf_; }
  [[nodiscard]] engine::Task<void> flush_reports();

  void start(CoreId core, CoreId cores);
  [[nodiscard]] engine::Task<void> drain();

 private:
  flow::StoredStsPolicies sts_shelf_;
  flow::StoredDays tls_shelf_;
  flow::StoredDays dmarc_shelf_;
  std::unique_ptr<policy::HttpsStsFetcher> fetcher_;
  std::optional<policy::MtaStsCache> sts_;
  policy::TlsReportTally tls_reports_;
  policy::DmarcTally dmarc_reports_;
};

}  // namespace postrider::app
