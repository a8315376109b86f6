#include "host_memory.hpp"

#include <algorithm>

namespace postrider::delivery {

HostMemory::Entry& HostMemory::entry(const SocketAddress& host) {
  if (const auto found = by_host_.find(host); found != by_host_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front();
  }
  if (entries_.size() >= capacity_) {
    by_host_.erase(entries_.back().host);
    entries_.pop_back();
  }
  entries_.push_front({host, {}, {}});
  by_host_.emplace(host, entries_.begin());
  return entries_.front();
}

void HostMemory::on_worked(const SocketAddress& host) {
  if (const auto found = by_host_.find(host); found != by_host_.end()) {
    found->second->failed_until = {};
  }
}

bool HostMemory::has_failed(const SocketAddress& host, MonoTime now) const {
  const auto found = by_host_.find(host);
  return found != by_host_.end() && now < found->second->failed_until;
}

bool HostMemory::is_avoided(const SocketAddress& host, MonoTime now, MonoTime probed_until) {
  const auto found = by_host_.find(host);
  if (found == by_host_.end() || found->second->failed_until == MonoTime{}) {
    return false;
  }
  if (now < found->second->failed_until) {
    return true;
  }
  found->second->failed_until = probed_until;
  return false;
}

bool HostMemory::has_broken_tls(const SocketAddress& host, MonoTime now) const {
  const auto found = by_host_.find(host);
  return found != by_host_.end() && now < found->second->plain_until;
}

Duration demotion_time(const DeliverySettings& settings) {
  const auto& intervals = settings.retry.intervals;
  if (intervals.empty()) {
    return settings.host_memory;
  }
  const auto shortest = std::chrono::duration<double, Duration::period>(
      *std::ranges::min_element(intervals) * (1 - settings.retry.jitter));
  constexpr double margin = 0.75;
  return std::min(settings.host_memory, std::chrono::duration_cast<Duration>(shortest * margin));
}

void FamilyMemory::on_refused(const std::string& site, IpFamily family, MonoTime now,
                              MonoTime until) {
  if (sites_.size() >= capacity_ && !sites_.contains(site)) {
    std::erase_if(sites_, [now](const auto& entry) { return entry.second.until <= now; });
    if (sites_.size() >= capacity_) {
      sites_.erase(sites_.begin());
    }
  }
  sites_[site] = {family, until};
}

bool FamilyMemory::is_refused(const std::string& site, IpFamily family, MonoTime now) const {
  const auto found = sites_.find(site);
  return found != sites_.end() && found->second.family == family && now < found->second.until;
}

}  // namespace postrider::delivery
