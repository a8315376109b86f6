#include "host_walk.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

namespace postrider::delivery {

HostWalk::HostWalk(Doors doors, std::shared_ptr<const Target> target)
    : doors_(doors), target_(std::move(target)), hops_(target_->hops) {
  const auto& preferences = target_->preferences;
  if (preferences.size() != hops_.size()) {
    return;
  }
  for (std::size_t begin = 0; begin < hops_.size();) {
    std::size_t end = begin + 1;
    while (end < hops_.size() && preferences[end] == preferences[begin]) {
      ++end;
    }
    for (; end - begin > 1; ++begin) {
      std::swap(hops_[begin], hops_[begin + doors_.reactor.random().below(end - begin)]);
    }
    begin = end;
  }
}

engine::Task<std::optional<Candidate>> HostWalk::next(engine::CancelToken cancel) {
  while (ready_.empty() && next_hop_ < hops_.size() && !cancel.is_cancelled()) {
    co_await look_up(hops_[next_hop_++], cancel);
  }
  auto& from = ready_.empty() ? later_ : ready_;
  if (from.empty()) {
    co_return std::nullopt;
  }
  Candidate candidate = std::move(from.front());
  from.pop_front();
  co_return candidate;
}

std::vector<Candidate> HostWalk::rest_of(const Candidate& candidate) const {
  std::vector<Candidate> out;
  for (const Candidate& other : ready_) {
    if (other.host != candidate.host || other.address.port != candidate.address.port) {
      break;
    }
    out.push_back(other);
  }
  return out;
}

void HostWalk::drop(const SocketAddress& address) {
  const auto is_it = [&address](const Candidate& other) { return other.address == address; };
  std::erase_if(ready_, is_it);
  std::erase_if(later_, is_it);
}

engine::Task<void> HostWalk::look_up(policy::NextHop hop, engine::CancelToken cancel) {
  const engine::Until until{doors_.reactor.now() + doors_.dns_timeout, cancel};
  const net::HostAddresses found = co_await net::find_addresses(
      doors_.resolver, doors_.reactor.random(), hop.host, doors_.families, until);
  if (found.addresses.empty()) {
    dns_temporary_ |= found.status == net::DnsStatus::temporary_failure;
    dns_bogus_ |= found.security == net::DnsSecurity::bogus;
    dns_problem_ = fmt::format("{} has no usable address: {}", hop.host,
                               found.reason.empty() ? "none in DNS" : found.reason);
  }
  for (const IpAddress& ip : found.addresses) {
    Candidate candidate{hop.host, {ip, hop.port}};
    const MonoTime now = doors_.reactor.now();
    const bool is_last = doors_.families_refused.is_refused(target_->site, ip.family(), now) ||
                         doors_.memory.is_avoided(candidate.address, now, now + doors_.probe_time);
    (is_last ? later_ : ready_).push_back(std::move(candidate));
  }
}

}  // namespace postrider::delivery
