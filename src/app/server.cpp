#include "server.hpp"

#include "notify.hpp"
#include "server_core.hpp"
#include "settings.hpp"
#include "version.hpp"

#include <csignal>
#include <filesystem>
#include <fmt/core.h>
#include <span>

#include <postrider/base/kill_point.hpp>

namespace postrider::app {

namespace {

constexpr Duration listener_patience = std::chrono::seconds(15);  // conversations may finish
constexpr Duration delivery_patience = std::chrono::seconds(15);  // attempts may finish
constexpr Duration tickets_rotate = std::chrono::minutes(50);     // twice in TicketKeys::lifetime_s

}  // namespace

Server::Server(Config config, ServerHooks hooks)
    : config_(std::move(config)), hooks_(std::move(hooks)) {
  std::filesystem::create_directories(config_.data_dir);
  // Before other threads are there, so that all of them leave these signals to signalfd.
  engine_ = engine::Engine::create(engine_settings(config_));
  store_ = store::Store::open(store_settings(config_), *engine_);
  shared_ = std::make_unique<Shared>(*engine_, config_);
  shared_->dns_cache = net::make_dns_cache_files(config_.data_dir);
  if (hooks_.tls || needs_tls(config_)) {
    shared_->tls = hooks_.tls ? hooks_.tls : server_tls_settings(config_);
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) {
      shared_->ticket_keys.push_back(std::make_shared<net::TicketKeys>(shared_->random));
    }
  }
  load_public_suffixes(config_);
  shared_->greylist =
      std::make_unique<flow::GreylistHome>(engine_->reactor(0), store_->facts(0), config_.greylist);
  shared_->list_returns = std::make_unique<flow::ListReturns>(engine_->reactor(0), store_->facts(0),
                                                              store_->accounts(0));
  shared_->list_returns->set_rules(bounce_rules(config_));
  if (config_.mailbox.search_index) {
    shared_->indexer = std::make_unique<search::TextIndexer>(
        search::IndexerDoors{engine_->reactor(0), store_->mailboxes(0), &store_->accounts(0)},
        search::IndexerSettings{.directory = index_directory(config_)});
  }
  for (CoreId id = 0; id < engine_->count(); ++id) {
    make_core(id);
  }
  std::vector<delivery::CoreDoors> doors;
  for (CoreId id = 0; id < engine_->count(); ++id) {
    auto& core = *cores_[id];
    doors.push_back(
        {.queue = &store_->queue(id),
         .resolver = core.resolver.get(),
         .events = core.events.get(),
         .tls = &core.client_tls->any,
         .tls_verified = core.client_tls->verified ? &*core.client_tls->verified : nullptr,
         .signer = &core.signer,
         .anchors = core.client_tls->anchors.get(),
         .sts = core.peers->sts(),
         .reports = &core.peers->tls_reports(),
         .local = &core.local,
         .returns = &*core.returns});
  }
  delivery_ = delivery::Delivery::create(*engine_, delivery_settings(config_, engine_->count()),
                                         std::move(doors));
  for (CoreId id = 0; id < engine_->count(); ++id) {
    store_->set_feed(id, delivery_->feed(id));
  }
  accounts_ =
      std::make_unique<flow::AccountDesk>(engine_->reactor(0), store_->accounts(0),
                                          credential_kinds(config_), &shared_->directory_changes);
}

Server::~Server() = default;

void Server::make_core(CoreId id) {
  auto core = std::make_unique<Core>(engine_->reactor(id));
  auto resolving = resolver_settings(config_);
  resolving.cache_port = shared_->dns_cache.get();
  if (id == 0) {  // the others find the same: they ask the same servers
    resolving.on_dnssec_status = [this](const net::DnssecStatus& status) { on_dnssec(status); };
  }
  core->resolver = net::make_resolver(core->reactor, resolving);
  core->list_returns =
      std::make_unique<flow::ListReturnsTap>(*engine_, core->reactor, *shared_->list_returns,
                                             CoreId{0}, config_.hostname, shared_->log.sink(id));
  core->events = std::make_unique<WatchedSink>(*core->list_returns, hooks_.on_event);
  core->client_tls = make_client_contexts(config_);
  core->peers = std::make_unique<PeerPolicies>(
      PeerPolicies::Doors{core->reactor, *core->resolver, store_->facts(id), *core->client_tls},
      config_);
  if (hooks_.make_signer) {
    core->signer.set(hooks_.make_signer(id));
  } else {
    core->signer.set(std::make_unique<flow::DkimKeyring>(dkim_keys(config_)));
  }
  core->credentials = std::make_unique<flow::StoredCredentials>(store_->accounts(id));
  core->tokens = std::make_unique<policy::TokenIntrospection>(policy::TokenIntrospection::Doors{
      core->reactor, *core->resolver,
      core->client_tls->verified ? &*core->client_tls->verified : nullptr,
      [at = core.get()](const std::string& why) { tell_of_tokens(*at, why); }});
  core->tokens->set(oauth_settings(config_));
  auto directory = directory_settings(config_);
  directory.srs = &shared_->srs;
  directory.own = &core->own;
  core->directory = flow::make_directory({.reactor = core->reactor,
                                          .accounts = store_->accounts(id),
                                          .mailboxes = &store_->mailboxes(id),
                                          .changes = shared_->directory_changes},
                                         std::move(directory));
  core->filing.emplace(core->reactor, store_->mailboxes(id));
  if (shared_->indexer) {
    core->text_index = std::make_unique<search::CoreTextIndex>(
        *engine_, core->reactor, *shared_->indexer, index_directory(config_));
  }
  core->trainer.emplace(
      flow::JunkTrainer::Doors{core->reactor, store_->mailboxes(id), core->events.get()});
  core->trainer->set(teacher_settings(config_));
  core->ledger.emplace(store_->facts(id));
  core->returns.emplace(core->own, *core->ledger);
  const auto is_ours_here = [at = core.get()](std::string domain) {
    return is_ours(*at, std::move(domain));
  };
  core->received_tls.emplace(
      flow::TlsReportDesk::Doors{core->reactor, store_->facts(id), is_ours_here});
  core->received.emplace(flow::ReportDesk::Doors{core->reactor, store_->facts(id), is_ours_here,
                                                 &*core->received_tls});
  core->greylist.emplace(*engine_, core->reactor, *shared_->greylist);
  set_returns(*core, config_);
  core->local = {core->directory.get(), &*core->filing, &shared_->srs, &*core->received};
  cores_.push_back(std::move(core));
}

int Server::run() {
  engine_->run([this](engine::Reactor& reactor) -> engine::Task<void> {
    return reactor.core() == 0 ? run_core_0() : idle();
  });
  store_->close();
  return code_;
}

flow::MailFiling& Server::filing() {
  return *cores_.front()->filing;
}

engine::Task<void> Server::idle() {
  co_return;
}

engine::Task<void> Server::run_core_0() {
  if (hooks_.before_start) {
    co_await hooks_.before_start(reactor());
  }
  if (co_await start_all()) {
    kill_point("app.start.listening");
    notify_supervisor("READY=1");
    say(fmt::format("ready: {} cores, {} listeners", engine_->count(), config_.listeners.size()));
    if (hooks_.when_ready) {
      co_await hooks_.when_ready(*this);
    } else {
      co_await serve_until_told();
    }
  } else {
    code_ = 1;
  }
  notify_supervisor("STOPPING=1");
  co_await stop_all();
  engine_->stop();
}

engine::Task<bool> Server::start_all() {
  if (const auto opened = shared_->log.open(); !opened) {
    complain(fmt::format("the event log can't be opened ({}): check log.events and the disk",
                         engine::describe(opened.error())));
    co_return false;
  }
  shared_->log_ended = std::make_unique<engine::Event>(reactor());
  reactor().spawn(keep_log());
  const auto secret = co_await store_->accounts(0).server_secret();
  if (!secret) {
    complain("the store does not answer: look at the disk");
    co_return false;
  }
  shared_->server_secret = *secret;
  shared_->srs = policy::Srs(*secret);
  shared_->login_cache_key.resize(32);
  shared_->random.fill(std::as_writable_bytes(std::span(shared_->login_cache_key)));
  for (const auto& core : cores_) {
    core->own.set_secret(*secret);
  }
  if (!co_await accounts_->start()) {
    complain("the list of domains can't be read: look at the disk");
    co_return false;
  }
  kill_point("app.start.log_open");
  co_await delivery_->start();
  kill_point("app.start.delivery_begun");
  co_await on_each_core(&Server::start_peers);
  start_reporters();
  co_await shared_->greylist->load();
  shared_->greylist->start();
  shared_->list_returns->start();
  if (shared_->indexer) {
    shared_->indexer->start();
  }
  if (!open_control()) {
    co_return false;
  }
  start_keepers();
  co_await on_each_core(&Server::open_listeners);
  if (!problem_.empty()) {
    complain(problem_);
    co_return false;
  }
  if (!shared_->ticket_keys.empty()) {
    reactor().spawn(rotate_tickets());
  }
  co_return true;
}

engine::Task<void> Server::keep_log() {
  co_await shared_->log.run(shared_->log_stop.token());
  shared_->log_ended->set();
}

bool Server::open_control() {
  shared_->live = std::make_unique<LiveDelivery>(delivery_->control(), CoreId{0});
  shared_->control = std::make_unique<control::ControlService>(control::ControlPorts{
      .reactor = reactor(),
      .queue = store_->queue(0),
      .accounts = *accounts_,
      .live = shared_->live.get(),
      .reload = [this] { return reload(); },
      .version = std::string(version),
      .tls_reports = shared_->tls_reports.get(),
      .dmarc_reports = shared_->dmarc_reports.get(),
      .received_reports = &*cores_.front()->received,
      .received_tls_reports = &*cores_.front()->received_tls,
      .mailboxes = &store_->mailboxes(0),
      .dns_status = [this] { return dns_status(); },
      .filter_status = [this] { return filter_status(); },
      .list_status = [this] { return list_status(); },
      .login_status = [this] { return login_status(); },
      .oauth_status = [this] { return oauth_status(); },
      .sts_policy = [this](std::string domain) { return kept_sts_policy(std::move(domain)); },
      .upkeep = &store_->upkeep(0),
      .directory = cores_.front()->directory.get(),
      .greylist = shared_->greylist.get(),
      .text_index = shared_->indexer.get(),
      .list_returns = shared_->list_returns.get(),
  });
  const auto path = (config_.data_dir / "control.sock").string();
  auto listener = reactor().listen_unix({.path = path, .mode = 0600});
  if (!listener) {
    complain(fmt::format("{}: can't be opened ({}): check data_dir", path,
                         engine::describe(listener.error())));
    return false;
  }
  reactor().spawn(shared_->control->serve(std::move(*listener)));
  return true;
}

engine::Task<void> Server::on_each_core(CoreStep step) {
  Countdown left(*engine_, engine_->count());
  for (auto& core : cores_) {
    engine_->post(reactor(), core->reactor.core(), [this, step, &left, at = core.get()] {
      at->reactor.spawn(run_step(*at, step, left));
    });
  }
  co_await left.wait();
}

engine::Task<void> Server::run_step(Core& core, CoreStep step, Countdown& left) {
  co_await (this->*step)(core);
  left.end_on(core.reactor);
}

engine::Task<void> Server::start_peers(Core& core) {
  core.peers->start(core.reactor.core(), engine_->count());
  co_return;
}

engine::Task<void> Server::stop_peers(Core& core) {
  co_await core.peers->drain();
}

engine::Task<void> Server::open_listeners(Core& core) {
  make_authenticator(core);
  core.entrance = open_entrance(core, config_);
  co_return;
}

std::unique_ptr<Entrance> Server::open_entrance(Core& core, const Config& config) {
  const bool is_first = core.reactor.core() == 0;
  auto entrance = std::make_unique<Entrance>(
      EntranceDoors{.reactor = core.reactor,
                    .queue = store_->queue(core.reactor.core()),
                    .mailboxes = store_->mailboxes(core.reactor.core()),
                    .events = *core.events,
                    .signer = core.signer,
                    .directory = *core.directory,
                    .resolver = *core.resolver,
                    .authenticator = *core.authenticator,
                    .dmarc = core.peers->dmarc_reports(),
                    .trainer = *core.trainer,
                    .text_index = core.text_index.get(),
                    .suffixes = shared_->suffixes ? &*shared_->suffixes : nullptr,
                    .greylist = &*core.greylist,
                    .live = is_first ? shared_->live.get() : nullptr},
      config, engine_->count());
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const auto& listener = config.listeners[i];
    // Users are served over HTTP where the whole queue is walked.
    if ((!listener.socket.empty() || listener.protocol == Protocol::http) && !is_first) {
      entrance->leave_out_listener();
      continue;
    }
    std::optional<net::TlsContext> context;
    if (listener.tls != ListenerTls::none) {
      context = make_server_context(*shared_->tls, shared_->ticket_keys[i]);
    }
    const auto listening = entrance->listen(listener, std::move(context));
    if (!listening) {
      report_listener(core, listener, listening.error());
      break;
    }
    if (is_first) {
      addresses_.push_back(*listening);
      say(fmt::format("listening on {}",
                      listener.socket.empty() ? listening->text() : listener.socket.string()));
    }
  }
  return entrance;
}

void Server::report_listener(Core& core, const ListenerConfig& listener, engine::IoError error) {
  auto text =
      fmt::format("{}:{}: can't listen on {} ({}): {}", config_.file.string(), listener.line,
                  listener.socket.empty() ? listener.address.text() : listener.socket.string(),
                  engine::describe(error),
                  error == engine::IoError::address_in_use
                      ? "stop what listens there, or choose another port"
                      : "ports under 1024 need root or CAP_NET_BIND_SERVICE");
  if (core.reactor.core() == 0) {
    problem_ = std::move(text);
  } else {
    engine_->post(core.reactor, 0, [this, problem = std::move(text)] { problem_ = problem; });
  }
}

engine::Task<void> Server::close_listeners(Core& core) {
  const auto patience = core.reactor.now() + listener_patience;
  if (core.entrance) {
    co_await core.entrance->stop(patience);
  }
  if (core.retiring > 0) {
    (void)co_await core.retired.wait({patience, {}});  // what is left ends with the engine
  }
  co_await core.trainer->drain();
}

engine::Task<void> Server::serve_until_told() {
  for (;;) {
    const auto signal = co_await engine_->next_signal({});
    if (!signal || *signal == SIGTERM || *signal == SIGINT) {
      say("stopping: conversations and attempts may finish");
      co_return;
    }
    if (*signal == SIGHUP) {
      notify_supervisor("RELOADING=1");
      const auto done = co_await reload();
      if (done) {
        say("reloaded configuration and certificates");
      } else {
        complain(fmt::format("not reloaded, the old configuration stays: {}", done.error()));
        code_ = 0;
      }
      notify_supervisor("READY=1");
    }
  }
}

engine::Task<void> Server::stop_all() {
  kill_point("app.stop.begun");
  shared_->background.cancel();
  co_await stop_reporters();
  co_await on_each_core(&Server::close_listeners);
  kill_point("app.stop.listeners_closed");
  co_await stop_keepers();
  if (shared_->indexer) {
    co_await shared_->indexer->stop();
  }
  if (shared_->control) {
    co_await shared_->control->stop(reactor().now() + std::chrono::seconds(1));
  }
  co_await shared_->greylist->drain();
  co_await delivery_->drain(reactor().now() + delivery_patience);
  co_await on_each_core(&Server::stop_peers);
  co_await shared_->list_returns->drain();
  if (hooks_.after_stop) {
    co_await hooks_.after_stop();
  }
  kill_point("app.stop.delivery_ended");
  co_await on_each_core(&Server::save_dns_cache);
  shared_->log_stop.cancel();
  if (shared_->log_ended) {
    (void)co_await shared_->log_ended->wait({reactor().now() + std::chrono::seconds(5)});
  }
}

engine::Task<void> Server::save_dns_cache(Core& core) {
  co_await core.resolver->save_cache();
}

engine::Task<void> Server::rotate_tickets() {
  for (;;) {
    const auto end = co_await reactor().sleep_for(tickets_rotate, shared_->background.token());
    if (end == engine::WaitEnd::cancelled) {
      co_return;
    }
    for (const auto& keys : shared_->ticket_keys) {
      keys->rotate(shared_->random);
    }
  }
}

void Server::say(std::string_view text) const {
  if (!hooks_.quiet && config_.log.level <= LogLevel::info) {
    fmt::print(stderr, "postrider: {}\n", text);
  }
}

void Server::warn(std::string_view text) const {
  if (!hooks_.quiet && config_.log.level <= LogLevel::warning) {
    fmt::print(stderr, "postrider: warning: {}\n", text);
  }
}

void Server::complain(std::string_view text) {
  fmt::print(stderr, "postrider: {}\n", text);
  code_ = 1;
}

}  // namespace postrider::app
