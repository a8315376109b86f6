// What works beside the mail: reports to others and to users, and what keeps the store in order.
// Reporters send mail themselves: they stop before the listeners, keepers behind them.
#include "server.hpp"
#include "server_core.hpp"
#include "settings.hpp"

#include <postrider/flow/dmarc_reporter.hpp>
#include <postrider/flow/tls_reporter.hpp>

namespace postrider::app {

engine::Task<void> Server::flush_reports(Core& core) {
  co_await core.peers->flush_reports();
}

void Server::start_reporters() {
  Core& first = *cores_.front();
  const auto doors = [this, &first](policy::DayShelf& shelf) {
    return flow::DailyReporter::Doors{
        .reactor = first.reactor,
        .resolver = *first.resolver,
        .shelf = shelf,
        .tls = first.client_tls->verified ? &*first.client_tls->verified : nullptr,
        .intake = [&first] { return first.entrance ? &first.entrance->intake() : nullptr; },
        .flush = [this] { return on_each_core(&Server::flush_reports); }};
  };
  shared_->tls_reports = std::make_unique<flow::TlsReporter>(
      doors(first.peers->tls_shelf()), reporter_settings(config_, config_.tls_report));
  shared_->dmarc_reports = std::make_unique<flow::DmarcReporter>(
      doors(first.peers->dmarc_shelf()), reporter_settings(config_, config_.dmarc_report));
  shared_->digest = std::make_unique<control::QuarantineDigest>(
      control::QuarantineDigest::Doors{
          reactor(), store_->queue(0), store_->facts(0),
          [&first] { return first.entrance ? &first.entrance->intake() : nullptr; }},
      digest_settings(config_));
  shared_->tls_reports->start();
  shared_->dmarc_reports->start();
  shared_->digest->start();
}

void Server::start_keepers() {
  shared_->quarantine = std::make_unique<control::QuarantineKeeper>(
      reactor(), store_->queue(0), *shared_->live, quarantine_settings(config_));
  shared_->mail_keeper = std::make_unique<control::MailKeeper>(
      reactor(), store_->mailboxes(0), store_->upkeep(0), mail_keeping(config_));
  shared_->quarantine->start();
  shared_->mail_keeper->start();
  shared_->sweep = std::make_unique<flow::HourlySweep>(reactor(), [this] { return sweep_facts(); });
  shared_->sweep->start();
}

engine::Task<void> Server::stop_reporters() {
  for (flow::DailyReporter* reporter : {shared_->tls_reports.get(), shared_->dmarc_reports.get()}) {
    if (reporter != nullptr) {
      co_await reporter->drain();
    }
  }
  if (shared_->digest) {
    co_await shared_->digest->stop();
  }
}

engine::Task<void> Server::stop_keepers() {
  if (shared_->sweep) {
    co_await shared_->sweep->drain();
  }
  if (shared_->quarantine) {
    co_await shared_->quarantine->stop();
  }
  if (shared_->mail_keeper) {
    co_await shared_->mail_keeper->stop();
  }
}

}  // namespace postrider::app
