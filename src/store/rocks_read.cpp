#include "rocks_read.hpp"

#include <rocksdb/options.h>
#include <rocksdb/perf_level.h>

namespace postrider::store {
namespace {

std::string_view view(const rocksdb::Slice& octets) {
  return {octets.data(), octets.size()};
}

// By default RocksDB counts each comparison of keys in a thread-local struct that nobody reads.
void count_nothing() {
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
}

class RocksCursor final : public KvCursor {
 public:
  RocksCursor(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, std::string_view from,
              std::string_view until, const rocksdb::Snapshot* snapshot,
              std::size_t read_ahead_bytes)
      : from_(from), until_(until), lower_(from_), upper_(until_) {
    count_nothing();
    rocksdb::ReadOptions options;
    // Bounds, not checks: what lies outside may be a heap of tombstones.
    options.iterate_lower_bound = from_.empty() ? nullptr : &lower_;
    options.iterate_upper_bound = until_.empty() ? nullptr : &upper_;
    options.total_order_seek = true;
    options.fill_cache = false;
    options.readahead_size = read_ahead_bytes;
    options.snapshot = snapshot;
    iterator_.reset(db.NewIterator(options, family));
    iterator_->Seek(lower_);
  }
  [[nodiscard]] bool is_valid() const override { return iterator_->Valid(); }
  void next() override { iterator_->Next(); }
  void seek(std::string_view key) override { iterator_->Seek(slice(key)); }
  [[nodiscard]] std::string_view key() const override { return view(iterator_->key()); }
  [[nodiscard]] std::string_view value() const override { return view(iterator_->value()); }
  [[nodiscard]] std::optional<KvError> error() const override {
    const rocksdb::Status status = iterator_->status();
    return status.ok() ? std::nullopt : std::optional(kv_error(status));
  }

 private:
  std::string from_;
  std::string until_;
  rocksdb::Slice lower_;
  rocksdb::Slice upper_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

// Of a family that the database does not have.
class NoRecords final : public KvCursor {
 public:
  [[nodiscard]] bool is_valid() const override { return false; }
  void next() override {}
  void seek(std::string_view /*key*/) override {}
  [[nodiscard]] std::string_view key() const override { return {}; }
  [[nodiscard]] std::string_view value() const override { return {}; }
  [[nodiscard]] std::optional<KvError> error() const override { return std::nullopt; }
};

}  // namespace

KvError kv_error(const rocksdb::Status& status) {
  if (status.IsNotFound()) {
    return KvError::not_found;
  }
  if (status.IsIncomplete()) {
    return KvError::would_block;
  }
  return status.IsCorruption() ? KvError::corrupt : KvError::io;
}

Result<std::string, KvError> read_record(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                                         std::string_view key, Read how,
                                         const rocksdb::Snapshot* snapshot) {
  count_nothing();
  rocksdb::ReadOptions options;
  options.read_tier = how == Read::cached ? rocksdb::kBlockCacheTier : rocksdb::kReadAllTier;
  options.snapshot = snapshot;
  std::string value;
  const rocksdb::Status status = db.Get(options, family, slice(key), &value);
  if (!status.ok()) {
    return failure(kv_error(status));
  }
  // RocksDB answers "found" with nothing for a key that may be in a file it has not opened yet.
  if (how == Read::cached && value.empty()) {
    return failure(KvError::would_block);
  }
  return value;
}

void read_records(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                  const std::vector<std::string>& keys, const KvReader::OnRecord& on_record) {
  count_nothing();
  std::vector<rocksdb::Slice> wanted;
  wanted.reserve(keys.size());
  for (const std::string& key : keys) {
    wanted.push_back(slice(key));
  }
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  db.MultiGet(rocksdb::ReadOptions{}, family, keys.size(), wanted.data(), values.data(),
              statuses.data());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].ok()) {
      on_record(i, view(values[i]));
    } else {
      on_record(i, failure(kv_error(statuses[i])));
    }
  }
}

std::unique_ptr<KvCursor> walk_records(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                                       std::string_view from, std::string_view until,
                                       const rocksdb::Snapshot* snapshot,
                                       std::size_t read_ahead_bytes) {
  if (family == nullptr) {
    return std::make_unique<NoRecords>();
  }
  return std::make_unique<RocksCursor>(db, family, from, until, snapshot, read_ahead_bytes);
}

Result<std::string, KvError> RocksSnapshot::get(Family family, std::string_view key,
                                                Read how) const {
  rocksdb::ColumnFamilyHandle* const handle = families_[index(family)];
  if (handle == nullptr) {
    return failure(KvError::not_found);
  }
  return read_record(db_, handle, key, how, snapshot_);
}

std::unique_ptr<KvCursor> RocksSnapshot::walk(Family family, std::string_view from,
                                              std::string_view until) const {
  return walk_records(db_, families_[index(family)], from, until, snapshot_);
}

}  // namespace postrider::store
