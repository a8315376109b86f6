// What operators are told of the resolvers, and of the policies that came by them.
#include "dnssec_notice.hpp"
#include "server.hpp"
#include "server_core.hpp"

#include <postrider/base/json.hpp>
#include <postrider/service/delivery/delivery.hpp>

namespace postrider::app {

namespace {

std::string_view describe(DnssecMode mode) {
  switch (mode) {
    case DnssecMode::off:
      return "off";
    case DnssecMode::trust_ad:
      return "trust-ad";
    case DnssecMode::validate:
      return "validate";
  }
  return "off";
}

void add(net::Resolver::Counters& sum, const net::Resolver::Counters& more) {
  sum.lookups += more.lookups;
  sum.cache_hits += more.cache_hits;
  sum.queries += more.queries;
  sum.key_queries += more.key_queries;
  sum.timeouts += more.timeouts;
  sum.signature_checks += more.signature_checks;
  sum.bogus += more.bogus;
  sum.rescued += more.rescued;
  sum.unvalidated += more.unvalidated;
  sum.stale += more.stale;
}

}  // namespace

// On core 0, whose resolver is the one that tells.
void Server::on_dnssec(const net::DnssecStatus& status) {
  const DnssecNotice notice = dnssec_notice(status, config_.dns.require_dnssec);
  notice.is_warning ? warn(notice.text) : say(notice.text);
  Core& first = *cores_.front();
  flow::Event event{.kind = flow::EventKind::dnssec, .time = first.reactor.wall_now()};
  event.text = notice.text;
  first.events->emit(std::move(event));
}

engine::Task<void> Server::count_dns(Core& core) {
  core.dns_counted = core.resolver->counters();
  co_return;
}

engine::Task<std::string> Server::dns_status() {
  co_await on_each_core(&Server::count_dns);
  net::Resolver::Counters sum;
  for (const auto& core : cores_) {
    add(sum, core->dns_counted);
  }
  const net::DnssecStatus path = cores_.front()->resolver->dnssec_status();
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("dnssec", describe(config_.dns.dnssec));
  json.member("path", net::describe(path.path)).member("why", path.why);
  json.member("lookups", sum.lookups).member("cache_hits", sum.cache_hits);
  json.member("queries", sum.queries).member("key_queries", sum.key_queries);
  json.member("timeouts", sum.timeouts).member("signature_checks", sum.signature_checks);
  json.member("bogus", sum.bogus).member("rescued", sum.rescued);
  json.member("unvalidated", sum.unvalidated).member("stale", sum.stale).end_object();
  co_return out;
}

// Asks the domain's home core, which alone keeps it.
engine::Task<std::optional<policy::KeptStsPolicy>> Server::kept_sts_policy(std::string domain) {
  struct Question {
    explicit Question(engine::Reactor& reactor) : answered(reactor) {}
    engine::Event answered;
    std::optional<policy::KeptStsPolicy> kept;
  };
  Core& home = *cores_[delivery::home_of(domain, engine_->count())];
  if (home.peers->sts() == nullptr) {
    co_return std::nullopt;
  }
  Question question(reactor());
  const auto ask = [](engine::Engine& engine, Core& core, std::string name,
                      Question& to) -> engine::Task<void> {
    auto kept = co_await core.peers->sts()->kept(std::move(name));
    engine.post(core.reactor, 0, [&to, found = std::move(kept)]() mutable {
      to.kept = std::move(found);
      to.answered.set();
    });
  };
  engine_->post(reactor(), home.reactor.core(), [&, name = std::move(domain)]() mutable {
    home.reactor.spawn(ask(*engine_, home, std::move(name), question));
  });
  (void)co_await question.answered.wait({});  // the home core always answers
  co_return std::move(question.kept);
}

}  // namespace postrider::app
