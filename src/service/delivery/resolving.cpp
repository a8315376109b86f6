#include "shard.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/text.hpp>
#include <postrider/codec/report/tlsrpt_record.hpp>
#include <postrider/net/mail_hosts.hpp>

// From a delivery's domain to the lane that it waits in.
namespace postrider::delivery {

namespace {

constexpr Duration hosts_fresh = std::chrono::seconds(60);  // then the resolver is asked again

std::string_view enhanced_of(net::MailHostsFailure kind) {
  switch (kind) {
    case net::MailHostsFailure::null_mx:
      return "5.1.10";  // RFC 7505 4.2
    case net::MailHostsFailure::no_such_domain:
      return "5.1.2";
    case net::MailHostsFailure::no_hosts:
      return "5.4.4";
    case net::MailHostsFailure::loops_to_us:
      return "5.4.6";
    case net::MailHostsFailure::temporary:
      return "4.4.3";
    case net::MailHostsFailure::bogus:
      return "4.7.5";
  }
  return "4.4.3";
}

}  // namespace

void Shard::resolve(ItemRef item) {
  const std::string& name = item->destination().domain;
  auto& place = domains_[name];
  if (!place) {
    place = std::make_unique<Domain>();
    place->name = name;
  }
  Domain& domain = *place;
  ++domain.items;
  if (is_held_back(*item)) {
    hold_back_soon(std::move(item));
    return;
  }
  if (stays_here(*item)) {
    enqueue_local(std::move(item));
    return;
  }
  if (domain.target && reactor_.now() < domain.fresh_until) {
    item->target = target_for(domain, *item);
    enqueue(std::move(item));
    return;
  }
  domain.waiting.push_back(std::move(item));
  if (domain.is_resolving) {
    return;
  }
  if (const policy::Route* route = settings_->routes.find(name)) {
    auto target = new_target(domain);
    target->site = route->site();
    target->hops = route->via;
    target->lmtp = route->protocol == policy::RouteProtocol::lmtp;
    target->username = route->username;
    target->password = route->password;
    if (route->tls) {
      target->tls = *route->tls;
    }
    target->is_authentic = true;  // the operator named the hosts
    target->tls_identity = target->tls.identity();
    set_target(domain, std::move(target), mono_never);
    for (ItemRef& waiting : std::exchange(domain.waiting, {})) {
      waiting->target = target_for(domain, *waiting);
      enqueue(std::move(waiting));
    }
    return;
  }
  auto pass = gate_.enter();
  if (pass) {
    domain.is_resolving = true;
    reactor_.spawn(look_up(domain, std::move(pass)));
  }
}

engine::Task<void> Shard::look_up(Domain& domain, engine::Gate::Pass /*pass*/) {
  const engine::Until place{mono_never, gate_.killing()};
  auto permit = co_await lookups_.acquire(1, place);
  if (!permit) {
    co_return;  // we are going down: the items stay in the store
  }
  domain.lookup_began = reactor_.now();
  const auto hosted = co_await is_hosted(domain.name);
  if (!hosted || *hosted) {
    domain.is_resolving = false;
    if (hosted) {
      on_hosted(domain);
    } else {
      Verdict verdict;
      verdict.last = {0, "4.3.0", std::string(flow::describe(hosted.error())), "",
                      reactor_.wall_now()};
      end_waiting(domain, verdict);
    }
    if (domain.items == 0) {
      domains_.erase(std::string(domain.name));
    }
    co_return;
  }
  net::MailHostsQuery query{domain.name, settings_->own_names};
  query.own_names.push_back(settings_->hostname);
  const engine::Until until{reactor_.now() + settings_->dns_timeout, gate_.killing()};
  const auto hosts =
      co_await net::find_mail_hosts(*doors_.resolver, reactor_.random(), std::move(query), until);
  permit->release();
  DomainTls published;
  if (hosts && !domain.name.starts_with('[') && !settings_->tls.has_rule(domain.name)) {
    published = co_await look_up_tls(domain.name);
  }
  domain.is_resolving = false;
  if (gate_.killing().is_cancelled()) {
    co_return;
  }
  if (hosts) {
    on_hosts(domain, *hosts, published);
  } else {
    on_no_hosts(domain, hosts.error());
  }
  if (domain.items == 0) {
    domains_.erase(std::string(domain.name));
  }
}

std::shared_ptr<Target> Shard::new_target(const Domain& domain) const {
  auto target = std::make_shared<Target>();
  target->domain = domain.name;
  target->tls = settings_->tls.find(domain.name);
  return target;
}

// What a domain publishes about TLS: its MTA-STS policy, and whether it asks for reports.
engine::Task<Shard::DomainTls> Shard::look_up_tls(std::string domain) {
  DomainTls out;
  const engine::Until until{reactor_.now() + settings_->policy_timeout, gate_.killing()};
  if (doors_.sts != nullptr && settings_->tls.find(domain).level != policy::TlsLevel::off) {
    out.sts = co_await doors_.sts->find(domain, until);
  }
  if (doors_.reports != nullptr && doors_.reports->is_enabled()) {
    const net::SharedAnswer answer =
        co_await doors_.resolver->lookup("_smtp._tls." + domain, dns::RecordType::txt, until);
    std::vector<std::string> texts;
    for (const dns::Record& record : answer->records) {
      if (const auto* txt = std::get_if<dns::Txt>(&record.data)) {
        texts.push_back(txt->text);
      }
    }
    out.wants_reports = report::parse_tlsrpt_record(texts).has_value();
  }
  co_return out;
}

void Shard::set_target(Domain& domain, std::shared_ptr<const Target> target, MonoTime fresh_until) {
  domain.target = std::move(target);
  domain.strict.reset();
  domain.lax.reset();
  domain.fresh_until = fresh_until;
}

// RFC 8689: a message may require more than its domain's policy, or care for none.
std::shared_ptr<const Target> Shard::target_for(Domain& domain, const Item& item) const {
  const bool is_strict = item.envelope->require_tls;
  const bool is_lax = !is_strict && item.envelope->tls_not_required;
  if (!is_strict && !is_lax) {
    return domain.target;
  }
  auto& place = is_strict ? domain.strict : domain.lax;
  if (!place) {
    auto own = std::make_shared<Target>(*domain.target);
    if (is_strict) {
      own->tls.require_tls = true;
    } else {
      own->tls.level = std::min(own->tls.level, policy::TlsLevel::opportunistic);
      own->tls.fingerprints.clear();
      own->tls.dane = false;
      own->tls.sts.reset();
      own->tls.origin = "TLS-Required: No";
      own->wants_reports = false;
    }
    own->tls_identity = own->tls.identity();
    place = std::move(own);
  }
  return place;
}

void Shard::on_hosts(Domain& domain, const net::MailHosts& hosts, const DomainTls& published) {
  auto target = new_target(domain);
  target->is_authentic = hosts.security == net::DnsSecurity::secure;
  const bool is_local = settings_->tls.has_rule(domain.name);
  target->tls.dane = settings_->dane && target->is_authentic && !is_local &&
                     target->tls.level != policy::TlsLevel::off;
  target->tls.sts = published.sts.policy;
  target->wants_reports = published.wants_reports;
  if (published.sts.failure && !published.sts.policy) {
    target->sts_failure = policy::StsFetchError{*published.sts.failure, published.sts.problem};
  }
  target->tls_identity = target->tls.identity();
  target->site = hosts.site;
  for (const net::MailHost& host : hosts.hosts) {
    target->hops.push_back({host.name, settings_->port});
    target->preferences.push_back(host.preference);
  }
  Duration fresh = hosts_fresh;
  if (published.sts.policy) {
    // Not past what the policy is good for.
    fresh = std::clamp(published.sts.expires - reactor_.wall_now(), Duration{}, fresh);
  }
  set_target(domain, std::move(target), reactor_.now() + fresh);
  const Duration took = reactor_.now() - domain.lookup_began;
  for (ItemRef& item : std::exchange(domain.waiting, {})) {
    if (item->state == Item::State::gone) {
      continue;
    }
    item->target = target_for(domain, *item);
    item->dns_time = took;
    enqueue(std::move(item));
  }
}

void Shard::on_no_hosts(Domain& domain, const net::MailHostsError& error) {
  Verdict verdict;
  verdict.last.enhanced = enhanced_of(error.kind);
  verdict.last.text = error.text;
  verdict.last.time = reactor_.wall_now();
  verdict.kind =
      verdict.last.enhanced.starts_with('5') ? Verdict::Kind::failed : Verdict::Kind::deferred;
  end_waiting(domain, verdict);
}

void Shard::end_waiting(Domain& domain, const Verdict& verdict) {
  const std::deque<ItemRef> waiting = std::exchange(domain.waiting, {});
  for (const ItemRef& item : waiting) {
    if (item->state != Item::State::gone) {
      finish_later(item, same_for_all(*item, verdict));
    }
  }
}

void Shard::enqueue(ItemRef item) {
  if (item->target->is_local) {
    enqueue_local(std::move(item));
    return;
  }
  item->state = Item::State::queued;
  Lane& lane = lane_of(*item);
  lane.queue.push(std::move(item));
  pump(lane);
}

namespace {

struct LaneKey {
  SourceAddresses source;
  std::string site;
  std::string lane;
};

// A tenant keeps to one address of a family: its reputation is its own.
std::optional<IpAddress> source_of(const std::string& tenant, const std::vector<IpAddress>& sources,
                                   IpFamily family) {
  const auto is_of_family = [family](const IpAddress& ip) { return ip.family() == family; };
  const auto count = std::ranges::count_if(sources, is_of_family);
  if (count == 0) {
    return std::nullopt;
  }
  std::size_t left = std::hash<std::string>{}(tenant) % static_cast<std::size_t>(count);
  for (const IpAddress& ip : sources) {
    if (is_of_family(ip) && left-- == 0) {
      return ip;
    }
  }
  return std::nullopt;
}

LaneKey key_of(const Item& item, const std::vector<IpAddress>& sources) {
  LaneKey key;
  if (!sources.empty()) {
    key.source.v4 = source_of(item.envelope->tenant, sources, IpFamily::v4);
    key.source.v6 = source_of(item.envelope->tenant, sources, IpFamily::v6);
  }
  key.site = item.target->site + '\n' + key.source.text();
  key.lane = key.site + '\n' + item.target->tls_identity;
  return key;
}

}  // namespace

Lane& Shard::lane_of(const Item& item) {
  LaneKey key = key_of(item, settings_->sources);
  if (const auto found = lanes_.find(key.lane); found != lanes_.end()) {
    return *found->second;
  }
  if (lanes_.size() >= lanes_until_drop_) {
    drop_unused_lanes();
  }
  auto& lane = lanes_[key.lane];
  SiteLease::Events events{[this, at = &lane](SiteSlot slot) { on_granted(**at, std::move(slot)); },
                           [this, at = &lane] { on_recalled(**at); }};
  lane = std::make_unique<Lane>(key.lane, site_limits_, leases_, key.site, std::move(events));
  lane->site = item.target->site;
  lane->tls = item.target->tls_identity;
  lane->source = key.source;
  return *lane;
}

Lane* Shard::known_lane(const Item& item) {
  if (!item.target) {
    return nullptr;
  }
  const auto found = lanes_.find(key_of(item, settings_->sources).lane);
  return found == lanes_.end() ? nullptr : found->second.get();
}

}  // namespace postrider::delivery
