// What comes back, and reports that come in: what the rooms are told of it.
#include "server.hpp"
#include "server_core.hpp"
#include "settings.hpp"

#include <algorithm>
#include <utility>

namespace postrider::app {

void Server::set_returns(Core& core, const Config& config) {
  core.returns->set_rules(bounce_rules(config));
  core.own.set_rules(return_rules(config));
  core.own.set_report_addresses({config.dmarc_report.receive, config.tls_report.receive});
  core.signed_domains.clear();
  for (const DkimConfig& key : config.dkim) {
    core.signed_domains.push_back(key.domain);
  }
}

// Reports are about domains that receive here, or that mail is sent for.
engine::Task<std::optional<bool>> Server::is_ours(Core& core, std::string domain) {
  if (std::ranges::find(core.signed_domains, domain) != core.signed_domains.end()) {
    co_return true;
  }
  const auto hosted = co_await core.directory->is_hosted(std::move(domain));
  co_return hosted ? std::optional(*hosted) : std::nullopt;
}

engine::Task<void> Server::sweep_facts() {
  Core& first = *cores_.front();
  const WallTime now = reactor().wall_now();
  // (void): how many there were is of no interest.
  (void)co_await first.ledger->sweep(now);
  (void)co_await shared_->list_returns->sweep(now);
  (void)co_await first.received->sweep(now, config_.dmarc_report.keep);
  (void)co_await first.received_tls->sweep(now, config_.tls_report.keep);
}

}  // namespace postrider::app
