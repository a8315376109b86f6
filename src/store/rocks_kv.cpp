#include "rocks_kv.hpp"

#include "rocks_crc32c.hpp"

#include <algorithm>
#include <filesystem>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>
#include <stdexcept>
#include <sys/statvfs.h>
#include <utility>

#include <postrider/base/assert.hpp>

namespace postrider::store {
namespace {

rocksdb::Slice slice(std::string_view octets) {
  return {octets.data(), octets.size()};
}

std::string_view view(const rocksdb::Slice& octets) {
  return {octets.data(), octets.size()};
}

KvError kv_error(const rocksdb::Status& status) {
  if (status.IsNotFound()) {
    return KvError::not_found;
  }
  if (status.IsIncomplete()) {
    return KvError::would_block;
  }
  return status.IsCorruption() ? KvError::corrupt : KvError::io;
}

class RocksCursor final : public KvCursor {
 public:
  RocksCursor(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, std::string_view from,
              std::string_view until)
      : from_(from), until_(until), lower_(from_), upper_(until_) {
    rocksdb::ReadOptions options;
    // Bounds, not checks: what lies outside may be a heap of tombstones.
    options.iterate_lower_bound = from_.empty() ? nullptr : &lower_;
    options.iterate_upper_bound = until_.empty() ? nullptr : &upper_;
    options.total_order_seek = true;
    options.fill_cache = false;
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

class RocksKv final : public Kv {
 public:
  RocksKv(std::unique_ptr<rocksdb::DB> db, std::vector<rocksdb::ColumnFamilyHandle*> families,
          std::string directory)
      : db_(std::move(db)), families_(std::move(families)), directory_(std::move(directory)) {}
  ~RocksKv() override {
    for (rocksdb::ColumnFamilyHandle* family : families_) {
      (void)db_->DestroyColumnFamilyHandle(family);  // frees it; can only fail for the default one
    }
    (void)db_->Close();  // all that matters has been synced by the committer
  }

  [[nodiscard]] Result<std::string, KvError> get(Family family, std::string_view key,
                                                 Read how) const override {
    rocksdb::ReadOptions options;
    options.read_tier = how == Read::cached ? rocksdb::kBlockCacheTier : rocksdb::kReadAllTier;
    std::string value;
    const rocksdb::Status status = db_->Get(options, handle(family), slice(key), &value);
    if (!status.ok()) {
      return failure(kv_error(status));
    }
    // RocksDB answers "found" with nothing for a key that may be in a file it has not opened yet.
    if (how == Read::cached && value.empty()) {
      return failure(KvError::would_block);
    }
    return value;
  }

  [[nodiscard]] std::unique_ptr<KvCursor> walk(Family family, std::string_view from,
                                               std::string_view until) const override {
    return std::make_unique<RocksCursor>(*db_, handle(family), from, until);
  }

  [[nodiscard]] std::optional<std::string> last_key(Family family) const override {
    rocksdb::ReadOptions options;
    options.total_order_seek = true;
    const std::unique_ptr<rocksdb::Iterator> iterator(db_->NewIterator(options, handle(family)));
    iterator->SeekToLast();
    return iterator->Valid() ? std::optional(iterator->key().ToString()) : std::nullopt;
  }

  [[nodiscard]] StoreResult<void> write(const Batch& batch, bool sync_now) override {
    // By default RocksDB counts each comparison of keys in a thread-local struct that nobody reads.
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    rocksdb::WriteBatch writes(batch.bytes() + batch.ops().size() * 16);
    for (const Batch::Op& op : batch.ops()) {
      if (!add(writes, op).ok()) {
        return failure(StoreError::io);
      }
    }
    rocksdb::WriteOptions options;
    options.sync = sync_now;
    return db_->Write(options, &writes).ok() ? StoreResult<void>{} : failure(StoreError::io);
  }

  [[nodiscard]] StoreResult<void> sync() override {
    return db_->SyncWAL().ok() ? StoreResult<void>{} : failure(StoreError::io);
  }

  [[nodiscard]] std::uint64_t free_bytes() const override {
    struct statvfs space{};
    if (statvfs(directory_.c_str(), &space) != 0) {
      return 0;  // a directory that can't be asked is no place for new mail
    }
    return static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
  }

 private:
  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(Family family) const {
    return families_[index(family) + 1];  // 0 is the default one, which holds nothing
  }

  rocksdb::Status add(rocksdb::WriteBatch& writes, const Batch::Op& op) const {
    switch (op.kind) {
      case Batch::Kind::put: {
        const rocksdb::Slice key[] = {slice(op.key)};
        const rocksdb::Slice value[] = {slice(op.head.view()), slice(op.tail)};
        return writes.Put(handle(op.family), rocksdb::SliceParts(key, 1),
                          rocksdb::SliceParts(value, 2));
      }
      case Batch::Kind::remove:
        return writes.Delete(handle(op.family), slice(op.key));
      case Batch::Kind::remove_once:
        return writes.SingleDelete(handle(op.family), slice(op.key));
    }
    return rocksdb::Status::InvalidArgument();
  }

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;  // in the order of Family, after the default
  std::string directory_;
};

rocksdb::DBOptions database_options(const RocksSettings& settings,
                                    const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // After a power cut the log ends in what was never synced: all before that is replayed, and
  // everything acknowledged stands before it.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.max_total_wal_size = settings.max_wal_bytes;
  options.avoid_flush_during_recovery = true;
  options.avoid_flush_during_shutdown = true;
  options.bytes_per_sync = 1ULL << 20;
  // Only one flush at a time: 7.8.3 has defects with more (docs/storage_format.md).
  options.max_background_jobs = 2;
  options.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(settings.write_buffer_bytes, cache);
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.max_log_file_size = 4ULL << 20;
  options.keep_log_file_num = 4;
  options.max_open_files = 512;
  // An idle server does nothing.
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocksdb::ColumnFamilyOptions family_options(Family family, const RocksSettings& settings,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  const bool is_body = family == Family::body;
  const bool holds_bodies = is_body || family == Family::blob;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.checksum = rocksdb::kXXH3;
  if (!is_body) {
    // The committer asks for many keys that are not there (journal, done, state).
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  }
  rocksdb::ColumnFamilyOptions options;
  if (family < Family::account) {
    // Ids grow, and what leaves has come lately: a place in the memtable is near the one before.
    options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewCappedPrefixTransform(0));
  }
  if (!is_body && (family < Family::account || family == Family::blob)) {
    // The same for what is not in a file yet, which is nearly all of them.
    options.memtable_whole_key_filtering = true;
    options.memtable_prefix_bloom_size_ratio = 0.05;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kNoCompression;
  options.force_consistency_checks = true;
  options.write_buffer_size =
      holds_bodies ? settings.write_buffer_bytes / 2
                   : std::max<std::uint64_t>(settings.write_buffer_bytes / 8, 1ULL << 20);
  options.max_write_buffer_number = 2;
  return options;
}

[[noreturn]] void refuse(const std::string& directory, const rocksdb::Status& status) {
  const std::string text = status.ToString();
  const auto mentions = [&text](std::string_view word) {
    return text.find(word) != std::string::npos;
  };
  std::string remedy = "check the directory's permissions and the disk";
  if (mentions("lock")) {
    remedy = "it is in use by a running server: stop that one, or use its control socket";
  } else if (mentions("Column families not opened")) {
    remedy = "it was written by a newer version: start that one";
  } else if (status.IsCorruption()) {
    remedy = "it is damaged: restore a backup; keep this copy for repair";
  }
  throw std::runtime_error("the store in " + directory + " can't be opened: " + text + ": " +
                           remedy);
}

}  // namespace

std::unique_ptr<Kv> open_rocks(const RocksSettings& settings) {
  use_own_crc32c();
  std::error_code error;
  std::filesystem::create_directories(settings.directory, error);
  if (error) {
    throw std::runtime_error("the directory " + settings.directory + " can't be made: " +
                             error.message() + ": check data_dir and its permissions");
  }
  const auto cache = rocksdb::NewLRUCache(settings.cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName,
                           family_options(Family::meta, settings, cache));
  for (std::size_t i = 0; i < family_count; ++i) {
    descriptors.emplace_back(std::string(family_names[i]),
                             family_options(static_cast<Family>(i), settings, cache));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(database_options(settings, cache),
                                                   settings.directory, descriptors, &families, &db);
  if (!status.ok()) {
    refuse(settings.directory, status);
  }
  return std::make_unique<RocksKv>(std::unique_ptr<rocksdb::DB>(db), std::move(families),
                                   settings.directory);
}

}  // namespace postrider::store
