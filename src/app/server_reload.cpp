// SIGHUP: a new configuration takes the old one's place, whole or not at all.
#include "server.hpp"
#include "server_core.hpp"
#include "settings.hpp"

#include <fmt/core.h>
#include <stdexcept>
#include <utility>

#include <postrider/base/kill_point.hpp>

namespace postrider::app {

namespace {

constexpr Duration retire_patience = std::chrono::minutes(10);  // of replaced listeners

}  // namespace

engine::Task<Result<void, std::string>> Server::reload() {
  auto loaded = load_config(config_.file);
  if (!loaded) {
    std::string all;
    for (const auto& problem : loaded.error()) {
      all += (all.empty() ? "" : "; ") + problem.text();
    }
    co_return failure(std::move(all));
  }
  if (auto prepared = prepare_reload(*loaded); !prepared) {
    co_return prepared;
  }
  next_ = std::move(*loaded);
  problem_.clear();
  kill_point("app.reload.begin");
  // Core 0 tries it: a listener that can't be opened changes nothing.
  co_await apply_reload(*cores_.front());
  if (!problem_.empty()) {
    next_.reset();
    co_return failure(std::exchange(problem_, {}));
  }
  co_await on_each_core(&Server::apply_reload_elsewhere);
  co_await delivery_->reload(delivery_settings(*next_, engine_->count()));
  shared_->tls_reports->set(reporter_settings(*next_, next_->tls_report));
  shared_->dmarc_reports->set(reporter_settings(*next_, next_->dmarc_report));
  shared_->quarantine->set(quarantine_settings(*next_));
  shared_->digest->set(digest_settings(*next_));
  shared_->greylist->list().set(next_->greylist);
  shared_->list_returns->set_rules(bounce_rules(*next_));
  shared_->mail_keeper->set(mail_keeping(*next_));
  shared_->log.reopen();
  kill_point("app.reload.end");
  config_ = std::move(*next_);
  next_.reset();
  co_return Result<void, std::string>{};
}

// Everything that can fail without touching what runs.
Result<void, std::string> Server::prepare_reload(const Config& next) {
  const auto fixed = [&](bool same, std::string_view what) {
    if (!same) {
      say(fmt::format("{} changes at the next restart only", what));
    }
  };
  fixed(next.data_dir == config_.data_dir, "data_dir");
  fixed(next.engine.cores == config_.engine.cores, "engine.cores");
  fixed(next.log.events == config_.log.events, "log.events");
  fixed(next.dns.servers == config_.dns.servers, "dns.servers");
  fixed(next.dns.dnssec == config_.dns.dnssec, "dns.dnssec");
  fixed(next.dns.trusted == config_.dns.trusted, "dns.trusted");
  fixed(next.dns.timeout == config_.dns.timeout, "dns.timeout");
  fixed(next.dns.stale == config_.dns.stale, "dns.stale");
  fixed(next.tls.ca_file == config_.tls.ca_file, "tls.ca_file");
  fixed(next.mailbox.search_index == config_.mailbox.search_index, "mailbox.search_index");
  fixed(first_mailboxes(next.mailbox) == first_mailboxes(config_.mailbox),
        "mailbox.drafts, sent, archive, junk and trash");
  fixed(next.accounts.full_max == config_.accounts.full_max, "accounts.full_max");
  try {
    if (needs_tls(next) && !hooks_.tls) {
      auto settings = server_tls_settings(next);
      (void)make_server_context(settings, nullptr);  // seen to work before any core takes it
      shared_->tls = std::move(settings);
    }
    while (shared_->ticket_keys.size() < next.listeners.size()) {
      shared_->ticket_keys.push_back(std::make_shared<net::TicketKeys>(shared_->random));
    }
    (void)dkim_keys(next);
    (void)bounce_rules(next);
    load_public_suffixes(next);
    (void)oauth_settings(next);
    (void)teacher_settings(next);
    (void)resolver_settings(next);
    (void)delivery_settings(next, engine_->count());
  } catch (const std::runtime_error& error) {
    return failure(std::string(error.what()));
  }
  return {};
}

engine::Task<void> Server::apply_reload_elsewhere(Core& core) {
  if (core.reactor.core() != 0) {
    co_await apply_reload(core);
  }
}

engine::Task<void> Server::apply_reload(Core& core) {
  if (next_->listeners == config_.listeners && next_->limits == config_.limits &&
      is_same(next_->inbound, config_.inbound) && is_same(next_->filters, config_.filters) &&
      is_same(next_->greylist, config_.greylist) && next_->quarantine == config_.quarantine &&
      is_same(next_->oauth, config_.oauth) && is_same(next_->pop3, config_.pop3) &&
      is_same(next_->imap, config_.imap)) {
    for (std::size_t i = 0; shared_->tls && i < config_.listeners.size(); ++i) {
      if (config_.listeners[i].tls != ListenerTls::none) {
        core.entrance->set_tls(i, make_server_context(*shared_->tls, shared_->ticket_keys[i]));
      }
    }
  } else {
    replace_entrance(core);
    if (core.reactor.core() == 0 && !problem_.empty()) {
      co_return;  // nothing else changes either
    }
  }
  if (next_->dns.dnssec == DnssecMode::validate) {
    core.resolver->set_trust_anchors(trust_anchors(*next_));
    core.resolver->set_may_go_unvalidated(!next_->dns.require_dnssec);
  }
  core.peers->apply(*next_);
  core.tokens->set(oauth_settings(*next_));
  core.trainer->set(teacher_settings(*next_));
  set_returns(core, *next_);
  if (!hooks_.make_signer) {
    core.signer.set(std::make_unique<flow::DkimKeyring>(dkim_keys(*next_)));
  }
  co_return;
}

// The new listeners stand beside the old ones (SO_REUSEPORT) before those close, and conversations
// of the old ones finish what they are at.
void Server::replace_entrance(Core& core) {
  if (core.reactor.core() == 0) {
    addresses_.clear();
  }
  auto fresh = open_entrance(core, *next_);
  const bool refused = core.reactor.core() == 0 && !problem_.empty();
  auto leaving = refused ? std::move(fresh) : std::exchange(core.entrance, std::move(fresh));
  ++core.retiring;
  core.retired.reset();
  core.reactor.spawn(retire(core, std::move(leaving)));
}

engine::Task<void> Server::retire(Core& core, std::unique_ptr<Entrance> entrance) {
  const auto leaving = std::move(entrance);
  co_await leaving->stop(core.reactor.now() + retire_patience);
  if (--core.retiring == 0) {
    core.retired.set();
  }
}

}  // namespace postrider::app
