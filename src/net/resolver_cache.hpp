#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <postrider/net/resolver.hpp>

namespace postrider::net {

struct CachedAnswer {
  std::string key;
  SharedAnswer answer;
};

// What is kept of answers, the least recently used going first when either bound is met.
// Cost: constant a call.
class ResolverCache {
 public:
  struct Limits {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
  };
  explicit ResolverCache(Limits limits) : limits_(limits) {}

  // nullptr: not known, or expired at `now`.
  [[nodiscard]] SharedAnswer find(std::string_view key, MonoTime now);
  // Likewise, but for one that may stand in for want of a fresh one (DnsAnswer::stale_until).
  [[nodiscard]] SharedAnswer find_stale(std::string_view key, MonoTime now);
  void put(std::string key, SharedAnswer answer);

  // Those used last, in order of their use.
  [[nodiscard]] std::vector<CachedAnswer> most_recent(std::size_t count) const;

  [[nodiscard]] std::size_t entries() const { return by_key_.size(); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string key;
    SharedAnswer answer;
    std::uint64_t bytes = 0;
  };
  using Place = std::list<Entry>::iterator;
  void drop(Place place);

  Limits limits_;
  std::uint64_t bytes_ = 0;
  std::list<Entry> entries_;  // the most recently used first
  std::unordered_map<std::string_view, Place> by_key_;
};

}  // namespace postrider::net
