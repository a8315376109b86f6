#pragma once

#include "current_signer.hpp"
#include "entrance.hpp"
#include "live_delivery.hpp"
#include "peer_policies.hpp"
#include "server.hpp"
#include "server_tls.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <postrider/engine/sync.hpp>
#include <postrider/flow/credential_source.hpp>
#include <postrider/flow/daily_reporter.hpp>
#include <postrider/flow/directory.hpp>
#include <postrider/flow/event_log.hpp>
#include <postrider/flow/greylist_desk.hpp>
#include <postrider/flow/hourly_sweep.hpp>
#include <postrider/flow/junk_trainer.hpp>
#include <postrider/flow/list_returns.hpp>
#include <postrider/flow/mail_filing.hpp>
#include <postrider/flow/own_addresses.hpp>
#include <postrider/flow/report_desk.hpp>
#include <postrider/flow/return_desk.hpp>
#include <postrider/flow/tls_report_desk.hpp>
#include <postrider/net/resolver.hpp>
#include <postrider/policy/authenticator.hpp>
#include <postrider/policy/token_introspection.hpp>
#include <postrider/service/control/mail_keeper.hpp>
#include <postrider/service/control/quarantine_digest.hpp>
#include <postrider/service/control/quarantine_keeper.hpp>
#include <postrider/service/search/text_indexer.hpp>

namespace postrider::app {

// Shows each event to the sandbox, then logs it.
class WatchedSink final : public flow::EventSink {
 public:
  WatchedSink(flow::EventSink& log, const std::function<void(const flow::Event&)>& watch)
      : log_(log), watch_(watch) {}
  void emit(flow::Event event) override {
    if (watch_) {
      watch_(event);
    }
    log_.emit(std::move(event));
  }
  engine::Task<void> written() override { return log_.written(); }

 private:
  flow::EventSink& log_;
  const std::function<void(const flow::Event&)>& watch_;
};

// What one core has of its own. Made before the engine runs, used on its thread only.
struct Server::Core {
  explicit Core(engine::Reactor& r) : reactor(r), retired(r) {}
  engine::Reactor& reactor;
  std::unique_ptr<net::Resolver> resolver;
  net::Resolver::Counters dns_counted;                       // for the core that asks
  std::vector<flow::FilterCounters> filters_counted;         // the same
  std::vector<flow::JunkTrainer::Counters> lessons_counted;  // the same
  std::vector<flow::ListCounters> lists_counted;             // the same
  policy::TokenIntrospection::Counters tokens_counted;       // the same
  policy::Authenticator::Counters logins_counted;            // the same
  std::optional<flow::GreylistDesk> greylist;                // stands on Shared's
  std::unique_ptr<flow::ListReturnsTap> list_returns;        // stands on Shared's
  std::unique_ptr<WatchedSink> events;                       // stands on list_returns
  std::optional<ClientContexts> client_tls;
  std::unique_ptr<PeerPolicies> peers;  // stands on resolver and client_tls
  CurrentSigner signer;
  std::unique_ptr<flow::StoredCredentials> credentials;
  std::unique_ptr<policy::TokenIntrospection> tokens;
  std::unique_ptr<policy::Authenticator> authenticator;  // stands on tokens
  std::unique_ptr<flow::Directory> directory;
  std::optional<flow::MailFiling> filing;
  // Stands on the indexer.
  std::unique_ptr<search::CoreTextIndex> text_index;
  flow::OwnAddresses own;
  std::optional<flow::JunkTrainer> trainer;
  std::optional<flow::ReturnLedger> ledger;
  std::optional<flow::ReturnDesk> returns;          // stands on own and ledger
  std::optional<flow::TlsReportDesk> received_tls;  // stands on directory
  std::optional<flow::ReportDesk> received;         // stands on directory and received_tls
  std::vector<std::string> signed_domains;          // reports on them are ours, too
  delivery::LocalDoors local;                       // stands on directory and filing
  std::unique_ptr<Entrance> entrance;
  // Entrances that a reload has replaced, while their conversations end.
  std::size_t retiring = 0;
  engine::Event retired;
};

// What core 0 keeps for all.
struct Server::Shared {
  Shared(engine::Cores& cores, const Config& config)
      : log(cores, 0,
            {.path =
                 config.log.events == "-" ? "-" : (config.data_dir / config.log.events).string(),
             .buffer = config.log.buffer}) {}
  flow::EventLog log;
  std::unique_ptr<net::DnsCachePort> dns_cache;  // outlives the cores
  engine::CancelSource log_stop;
  engine::CancelSource background;  // of what goes on until the end
  std::optional<net::TlsServerSettings> tls;
  std::vector<std::shared_ptr<net::TicketKeys>> ticket_keys;  // by listener
  SystemRandom random;
  std::string server_secret;
  std::string login_cache_key;
  policy::Srs srs{""};  // made with the secret before delivery begins
  flow::DirectoryChanges directory_changes;
  // nullptr: there is no index.
  std::unique_ptr<search::TextIndexer> indexer;
  std::optional<policy::PublicSuffixList> suffixes;  // once a list is asked by it
  std::unique_ptr<flow::GreylistHome> greylist;
  std::unique_ptr<flow::ListReturns> list_returns;
  std::unique_ptr<LiveDelivery> live;
  std::unique_ptr<flow::DailyReporter> tls_reports;
  std::unique_ptr<flow::DailyReporter> dmarc_reports;
  std::unique_ptr<control::QuarantineKeeper> quarantine;  // stands on live
  std::unique_ptr<control::QuarantineDigest> digest;
  std::unique_ptr<flow::HourlySweep> sweep;
  std::unique_ptr<control::MailKeeper> mail_keeper;
  std::unique_ptr<control::ControlService> control;
  std::unique_ptr<engine::Event> log_ended;
};

// Waits on core 0 until a step has ended on every core.
class Countdown {
 public:
  Countdown(engine::Cores& cores, CoreId count)
      : cores_(cores), left_(count), event_(cores.reactor(0)) {}
  // On any core, once each.
  void end_on(engine::Reactor& from) {
    cores_.post(from, 0, [this] {
      if (--left_ == 0) {
        event_.set();
      }
    });
  }
  engine::Task<void> wait() { (void)co_await event_.wait({}); }  // every step has its own bounds

 private:
  engine::Cores& cores_;
  CoreId left_;
  engine::Event event_;
};

}  // namespace postrider::app
