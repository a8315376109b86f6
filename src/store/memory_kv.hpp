#pragma once

#include "kv.hpp"

#include <map>
#include <memory>

#include <postrider/store/store.hpp>

namespace postrider::store {

using MemoryFamilies = std::array<std::map<std::string, std::string, std::less<>>, family_count>;

}  // namespace postrider::store

// What a machine's disk would hold; it survives the Store, as a disk survives a process.
struct postrider::store::Store::MemoryDisk {
  DiskFaults faults;
  MemoryFamilies written;       // what a reader sees
  MemoryFamilies synced;        // what a power cut leaves
  std::vector<Batch> unsynced;  // the writes between the two, in order
};

namespace postrider::store {

// The twin of RocksDB. Single-threaded: it lives in a simulation or a test.
class MemoryKv final : public Kv {
 public:
  explicit MemoryKv(std::shared_ptr<Store::MemoryDisk> disk) : disk_(std::move(disk)) {}

  [[nodiscard]] Result<std::string, KvError> get(Family family, std::string_view key,
                                                 Read how) const override;
  [[nodiscard]] std::unique_ptr<KvCursor> walk(Family family, std::string_view from,
                                               std::string_view until) const override;
  [[nodiscard]] std::optional<std::string> last_key(Family family) const override;
  [[nodiscard]] StoreResult<void> write(const Batch& batch, bool sync) override;
  [[nodiscard]] StoreResult<void> sync() override;
  [[nodiscard]] std::uint64_t free_bytes() const override;
  [[nodiscard]] std::unique_ptr<const KvReader> snapshot() const override;
  [[nodiscard]] Result<void, std::string> checkpoint(const std::string& directory) const override;

 private:
  std::shared_ptr<Store::MemoryDisk> disk_;  // shared with the test that cuts its power
};

}  // namespace postrider::store
