#include "host_walk.hpp"

#include <fmt/core.h>
#include <utility>

namespace postrider::delivery {

engine::Task<std::optional<Candidate>> HostWalk::next(engine::CancelToken cancel) {
  while (ready_.empty() && next_hop_ < target_->hops.size() && !cancel.is_cancelled()) {
    co_await look_up(target_->hops[next_hop_++], cancel);
  }
  auto& from = ready_.empty() ? later_ : ready_;
  if (from.empty()) {
    co_return std::nullopt;
  }
  Candidate candidate = std::move(from.front());
  from.pop_front();
  co_return candidate;
}

engine::Task<void> HostWalk::look_up(policy::NextHop hop, engine::CancelToken cancel) {
  const engine::Until until{doors_.reactor.now() + doors_.dns_timeout, cancel};
  const net::HostAddresses found = co_await net::find_addresses(
      doors_.resolver, doors_.reactor.random(), hop.host, doors_.families, until);
  if (found.addresses.empty()) {
    dns_temporary_ |= found.status == net::DnsStatus::temporary_failure;
    dns_problem_ = fmt::format("{} has no usable address: {}", hop.host,
                               found.reason.empty() ? "none in DNS" : found.reason);
  }
  for (const IpAddress& ip : found.addresses) {
    Candidate candidate{hop.host, {ip, hop.port}};
    const bool failed = doors_.memory.has_failed(candidate.address, doors_.reactor.now());
    (failed ? later_ : ready_).push_back(std::move(candidate));
  }
}

}  // namespace postrider::delivery
