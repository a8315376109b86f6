#include "resolver_cache.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace postrider::net {

namespace {

// What a list node, a hash node, the answer's block and each record take beside their texts.
constexpr std::uint64_t entry_overhead_bytes = 320;
constexpr std::uint64_t record_overhead_bytes = sizeof(dns::Record);

struct TextBytes {
  std::uint64_t operator()(const IpAddress&) const { return 0; }
  std::uint64_t operator()(const dns::Mx& mx) const { return mx.host.size(); }
  std::uint64_t operator()(const dns::Tlsa& tlsa) const { return tlsa.data.size(); }
  std::uint64_t operator()(const dns::Soa& soa) const { return soa.primary.size(); }
  std::uint64_t operator()(const dns::Txt& txt) const { return txt.text.size(); }
  std::uint64_t operator()(const dns::HostName& host) const { return host.name.size(); }
  std::uint64_t operator()(const dns::Opaque& opaque) const { return opaque.rdata.size(); }
};

std::uint64_t bytes_of(std::string_view key, const DnsAnswer& answer) {
  std::uint64_t bytes = entry_overhead_bytes + key.size() + answer.name.size() +
                        answer.canonical_name.size() + answer.reason.size();
  for (const dns::Record& record : answer.records) {
    bytes += record_overhead_bytes + record.owner.size() + std::visit(TextBytes{}, record.data);
  }
  return bytes;
}

}  // namespace

SharedAnswer ResolverCache::find(std::string_view key, MonoTime now) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    return nullptr;
  }
  const Place place = found->second;
  if (place->answer->expires <= now) {
    if (place->answer->stale_until <= now) {
      drop(place);
    }
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, place);
  return place->answer;
}

SharedAnswer ResolverCache::find_stale(std::string_view key, MonoTime now) {
  const auto found = by_key_.find(key);
  return found == by_key_.end() || found->second->answer->stale_until <= now
             ? nullptr
             : found->second->answer;
}

std::vector<CachedAnswer> ResolverCache::most_recent(std::size_t count) const {
  std::vector<CachedAnswer> recent;
  recent.reserve(std::min(count, entries_.size()));
  for (const Entry& entry : entries_) {
    if (recent.size() == count) {
      break;
    }
    recent.push_back({entry.key, entry.answer});
  }
  return recent;
}

void ResolverCache::put(std::string key, SharedAnswer answer) {
  if (const auto old = by_key_.find(key); old != by_key_.end()) {
    drop(old->second);
  }
  const std::uint64_t bytes = bytes_of(key, *answer);
  if (limits_.entries == 0 || bytes > limits_.bytes) {
    return;
  }
  while (entries_.size() >= limits_.entries || bytes_ + bytes > limits_.bytes) {
    drop(std::prev(entries_.end()));
  }
  entries_.push_front({std::move(key), std::move(answer), bytes});
  by_key_.emplace(entries_.front().key, entries_.begin());
  bytes_ += bytes;
}

void ResolverCache::drop(Place place) {
  bytes_ -= place->bytes;
  by_key_.erase(place->key);
  entries_.erase(place);
}

}  // namespace postrider::net
