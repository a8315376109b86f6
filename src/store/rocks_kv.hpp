#pragma once

#include "kv.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace postrider::store {

struct RocksSettings {
  std::string directory;
  std::uint64_t cache_bytes = 64ULL << 20;
  std::uint64_t write_buffer_bytes = 64ULL << 20;
  std::uint64_t max_wal_bytes = 256ULL << 20;
};

// Opens (or makes) the database and takes its lock. Throws std::runtime_error with problem and
// remedy.
[[nodiscard]] std::unique_ptr<Kv> open_rocks(const RocksSettings& settings);
// To read it only: nothing in the directory is changed, and no lock is taken. Throws in the same
// way.
[[nodiscard]] std::unique_ptr<const KvReader> open_rocks_read_only(const std::string& directory);

}  // namespace postrider::store
