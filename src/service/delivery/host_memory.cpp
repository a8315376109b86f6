#include "host_memory.hpp"

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

bool HostMemory::has_broken_tls(const SocketAddress& host, MonoTime now) const {
  const auto found = by_host_.find(host);
  return found != by_host_.end() && now < found->second->plain_until;
}

}  // namespace postrider::delivery
