#include "shard.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include <postrider/base/text.hpp>
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
  if (domain.target && reactor_.now() < domain.fresh_until) {
    item->target = domain.target;
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
    domain.target = std::move(target);
    domain.fresh_until = mono_never;
    for (ItemRef& waiting : std::exchange(domain.waiting, {})) {
      waiting->target = domain.target;
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
  net::MailHostsQuery query{domain.name, settings_->own_names};
  query.own_names.push_back(settings_->hostname);
  const engine::Until until{reactor_.now() + settings_->dns_timeout, gate_.killing()};
  const auto hosts =
      co_await net::find_mail_hosts(*doors_.resolver, reactor_.random(), std::move(query), until);
  permit->release();
  domain.is_resolving = false;
  if (gate_.killing().is_cancelled()) {
    co_return;
  }
  if (hosts) {
    on_hosts(domain, *hosts);
  } else {
    on_no_hosts(domain, hosts.error());
  }
  if (domain.items == 0) {
    domains_.erase(std::string(domain.name));
  }
}

std::shared_ptr<Target> Shard::new_target(const Domain& domain) const {
  auto target = std::make_shared<Target>();
  target->tls = settings_->tls.find(domain.name);
  return target;
}

void Shard::on_hosts(Domain& domain, const net::MailHosts& hosts) {
  auto target = new_target(domain);
  target->site = hosts.site;
  for (const net::MailHost& host : hosts.hosts) {
    target->hops.push_back({host.name, settings_->port});
    target->preferences.push_back(host.preference);
  }
  domain.target = std::move(target);
  domain.fresh_until = reactor_.now() + hosts_fresh;
  const Duration took = reactor_.now() - domain.lookup_began;
  for (ItemRef& item : std::exchange(domain.waiting, {})) {
    if (item->state == Item::State::gone) {
      continue;
    }
    item->target = domain.target;
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
  const std::deque<ItemRef> waiting = std::exchange(domain.waiting, {});
  for (const ItemRef& item : waiting) {
    if (item->state != Item::State::gone) {
      finish_later(item, same_for_all(*item, verdict));
    }
  }
}

void Shard::enqueue(ItemRef item) {
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
  key.lane = key.site + '\n' + item.target->tls.identity();
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
  auto& budget = budgets_[key.site];
  if (!budget) {
    budget = std::make_unique<SiteBudget>();
  }
  auto lane = std::make_unique<Lane>(key.lane, site_limits_, *budget);
  lane->site = item.target->site;
  lane->tls = item.target->tls.identity();
  lane->source = key.source;
  return *lanes_.emplace(key.lane, std::move(lane)).first->second;
}

Lane* Shard::known_lane(const Item& item) {
  if (!item.target) {
    return nullptr;
  }
  const auto found = lanes_.find(key_of(item, settings_->sources).lane);
  return found == lanes_.end() ? nullptr : found->second.get();
}

}  // namespace postrider::delivery
