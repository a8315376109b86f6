#include <functional>
#include <utility>

#include <postrider/net/tls_resumption_cache.hpp>

namespace postrider::net {

std::size_t TlsResumptionCache::Hash::operator()(const TlsResumptionKey& key) const noexcept {
  constexpr std::size_t spread = 0x9E3779B97F4A7C15ULL;
  std::size_t hash = std::hash<IpAddress>{}(key.peer.ip) ^ (key.peer.port * spread);
  hash = hash * spread + std::hash<std::string>{}(key.server_name);
  return hash * spread + std::hash<std::string>{}(key.policy);
}

std::shared_ptr<const TlsResumption> TlsResumptionCache::take(const TlsResumptionKey& key,
                                                              MonoTime now) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    return nullptr;
  }
  const auto newest = found->second.back();
  if (now - newest->since > limits_.age) {
    forget(key);  // the others are older still
    return nullptr;
  }
  auto session = std::move(newest->session);
  erase(newest);
  return session;
}

void TlsResumptionCache::keep(const TlsResumptionKey& key,
                              std::shared_ptr<const TlsResumption> session, MonoTime now) {
  if (session == nullptr || limits_.sessions == 0 || limits_.per_key == 0) {
    return;
  }
  if (const auto found = by_key_.find(key);
      found != by_key_.end() && found->second.size() >= limits_.per_key) {
    erase(found->second.front());
  } else if (entries_.size() >= limits_.sessions) {
    erase(std::prev(entries_.end()));
  }
  entries_.push_front({.key = key, .session = std::move(session), .since = now});
  by_key_[key].push_back(entries_.begin());
}

void TlsResumptionCache::forget(const TlsResumptionKey& key) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    for (const auto& entry : found->second) {
      entries_.erase(entry);
    }
    by_key_.erase(found);
  }
}

void TlsResumptionCache::clear() {
  by_key_.clear();
  entries_.clear();
}

void TlsResumptionCache::erase(Entries::iterator entry) {
  const auto found = by_key_.find(entry->key);
  std::erase(found->second, entry);
  if (found->second.empty()) {
    by_key_.erase(found);
  }
  entries_.erase(entry);
}

}  // namespace postrider::net
