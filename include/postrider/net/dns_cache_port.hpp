#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <postrider/base/ids.hpp>

namespace postrider::net {

// Where a resolver keeps the warm part of its cache over a restart, as opaque records. Losing it
// costs look-ups, nothing else. Shard: called on the offload pool, at most one call a core at a
// time; may block.
class DnsCachePort {
 public:
  DnsCachePort() = default;
  DnsCachePort(const DnsCachePort&) = delete;
  DnsCachePort& operator=(const DnsCachePort&) = delete;
  virtual ~DnsCachePort() = default;

  // What was saved last for this core; empty: nothing, or nothing that can be read.
  [[nodiscard]] virtual std::vector<std::string> load(CoreId core) = 0;
  // Replaces it, all or nothing. false: not saved; what was there stays.
  virtual bool save(CoreId core, const std::vector<std::string>& records) = 0;
};

// One file a core in `folder`, "dns_cache.0" and so on: a line that names the format, each record
// behind its length (32 bits, big-endian), and at the end the SHA-256 of all before. Renamed into
// its place, readable for its owner only; not synced.
[[nodiscard]] std::unique_ptr<DnsCachePort> make_dns_cache_files(std::filesystem::path folder);

}  // namespace postrider::net
