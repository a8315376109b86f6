#include "memory_kv.hpp"

#include <utility>

#include <postrider/base/assert.hpp>

namespace postrider::store {
namespace {

// The contract of what is written once is checked here: RocksDB would only misbehave, and later.
void apply_batch(const Batch& batch, MemoryFamilies& families) {
  for (const Batch::Op& op : batch.ops()) {
    auto& family = families[index(op.family)];
    switch (op.kind) {
      case Batch::Kind::put:
        check(!is_written_once(op.family) || !family.contains(op.key), "a second put of a key");
        family.insert_or_assign(op.key, std::string(op.head.view()) + op.tail);
        break;
      case Batch::Kind::remove:
        family.erase(op.key);
        break;
      case Batch::Kind::remove_once:
        check(is_written_once(op.family), "remove_once in a family of keys that are overwritten");
        check(family.erase(op.key) == 1, "remove_once of a key that is not there");
        break;
    }
  }
}

using Records = std::map<std::string, std::string, std::less<>>;

// Holds a copy of where it stands, so that what it stands on may be removed meanwhile. It is not a
// snapshot, which nothing can tell apart: no job in a simulation is interrupted by another.
class MemoryCursor final : public KvCursor {
 public:
  MemoryCursor(const Records& records, std::string_view from, std::string_view until)
      : records_(records), until_(until) {
    stand_at(records_.lower_bound(from));
  }
  [[nodiscard]] bool is_valid() const override { return valid_; }
  void next() override { stand_at(records_.upper_bound(key_)); }
  void seek(std::string_view key) override { stand_at(records_.lower_bound(key)); }
  [[nodiscard]] std::string_view key() const override { return key_; }
  [[nodiscard]] std::string_view value() const override { return value_; }
  [[nodiscard]] std::optional<KvError> error() const override { return std::nullopt; }

 private:
  void stand_at(Records::const_iterator at) {
    valid_ = at != records_.end() && (until_.empty() || at->first < until_);
    if (valid_) {
      key_ = at->first;
      value_ = at->second;
    }
  }
  const Records& records_;
  std::string until_;
  std::string key_;
  std::string value_;
  bool valid_ = false;
};

Result<std::string, KvError> value_in(const Records& records, std::string_view key) {
  const auto found = records.find(key);
  if (found == records.end()) {
    return failure(KvError::not_found);
  }
  return found->second;
}

class MemorySnapshot final : public KvReader {
 public:
  explicit MemorySnapshot(const MemoryFamilies& families) : families_(families) {}
  [[nodiscard]] Result<std::string, KvError> get(Family family, std::string_view key,
                                                 Read /*how*/) const override {
    return value_in(families_[index(family)], key);
  }
  [[nodiscard]] std::unique_ptr<KvCursor> walk(Family family, std::string_view from,
                                               std::string_view until) const override {
    return std::make_unique<MemoryCursor>(families_[index(family)], from, until);
  }

 private:
  MemoryFamilies families_;
};

}  // namespace

Result<std::string, KvError> MemoryKv::get(Family family, std::string_view key, Read) const {
  return value_in(disk_->written[index(family)], key);
}

std::unique_ptr<const KvReader> MemoryKv::snapshot() const {
  return std::make_unique<MemorySnapshot>(disk_->written);
}

Result<void, std::string> MemoryKv::checkpoint(const std::string& /*directory*/) const {
  return failure(std::string("it is kept in memory alone"));
}

std::unique_ptr<KvCursor> MemoryKv::walk(Family family, std::string_view from,
                                         std::string_view until) const {
  return std::make_unique<MemoryCursor>(disk_->written[index(family)], from, until);
}

std::optional<std::string> MemoryKv::last_key(Family family) const {
  const auto& records = disk_->written[index(family)];
  return records.empty() ? std::nullopt : std::optional(records.rbegin()->first);
}

StoreResult<void> MemoryKv::write(const Batch& batch, bool sync_now) {
  apply_batch(batch, disk_->written);
  disk_->unsynced.push_back(batch);
  return sync_now ? sync() : StoreResult<void>{};
}

StoreResult<void> MemoryKv::sync() {
  if (std::exchange(disk_->faults.fail_next_sync, false)) {
    return failure(StoreError::io);
  }
  if (disk_->faults.lie_about_syncs) {
    return {};
  }
  for (const Batch& batch : std::exchange(disk_->unsynced, {})) {
    apply_batch(batch, disk_->synced);
  }
  return {};
}

std::uint64_t MemoryKv::free_bytes() const {
  return disk_->faults.full ? 0 : UINT64_MAX;
}

std::shared_ptr<Store::MemoryDisk> Store::make_memory_disk() {
  return std::make_shared<MemoryDisk>();
}

DiskFaults& faults(Store::MemoryDisk& disk) {
  return disk.faults;
}

void power_cut(Store::MemoryDisk& disk, std::size_t writes_kept) {
  for (std::size_t i = 0; i < writes_kept && i < disk.unsynced.size(); ++i) {
    apply_batch(disk.unsynced[i], disk.synced);
  }
  disk.unsynced.clear();
  disk.written = disk.synced;
}

}  // namespace postrider::store
