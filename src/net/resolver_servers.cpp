#include "resolver_servers.hpp"

#include <algorithm>
#include <utility>

namespace postrider::net {

ResolverServers::ResolverServers(std::vector<SocketAddress> addresses) {
  constexpr std::uint16_t dns_port = 53;
  if (addresses.empty()) {
    addresses.push_back({IpAddress::loopback(), dns_port});
  }
  for (const SocketAddress& address : addresses) {
    servers_.push_back({.address = address});
  }
}

std::vector<std::size_t> ResolverServers::in_order(MonoTime now) const {
  std::vector<std::size_t> order;
  order.reserve(servers_.size());
  for (std::size_t server = 0; server < servers_.size(); ++server) {
    order.push_back(server);
  }
  const auto rank = [this, now](std::size_t at) {
    const Server& server = servers_[at];
    const int doubt = server.strips || server.liar_until > now ? 1 : 0;
    return std::pair(server.dead_until > now ? 2 : doubt, at);
  };
  std::ranges::sort(order, {}, rank);
  return order;
}

bool ResolverServers::takes_edns(std::size_t server, MonoTime now) const {
  return servers_[server].no_edns_until <= now;
}

void ResolverServers::on_answer(std::size_t server) {
  servers_[server].silences = 0;
  servers_[server].dead_until = MonoTime::min();
}

void ResolverServers::on_silence(std::size_t server, MonoTime now) {
  if (++servers_[server].silences >= silences_until_dead) {
    servers_[server].dead_until = now + dead_time;
  }
}

void ResolverServers::on_unreachable(std::size_t server, MonoTime now) {
  servers_[server].dead_until = now + dead_time;
}

void ResolverServers::on_edns_refused(std::size_t server, MonoTime now) {
  servers_[server].no_edns_until = now + without_edns_time;
}

void ResolverServers::on_lie(std::size_t server, MonoTime now) {
  servers_[server].liar_until = now + liar_time;
}

void ResolverServers::on_stripping(std::size_t server, bool strips) {
  servers_[server].strips = strips;
}

}  // namespace postrider::net
