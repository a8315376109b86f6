#include "rocks_kv.hpp"

#include "rocks_crc32c.hpp"
#include "rocks_read.hpp"

#include <algorithm>
#include <bit>
#include <filesystem>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>
#include <stdexcept>
#include <sys/statvfs.h>
#include <utility>

#include <postrider/base/assert.hpp>

namespace postrider::store {
namespace {

// Frees the handles; that can only fail for the default family's.
void close(rocksdb::DB& db, const RocksFamilies& families) {
  for (rocksdb::ColumnFamilyHandle* family : families) {
    if (family != nullptr) {
      (void)db.DestroyColumnFamilyHandle(family);
    }
  }
  (void)db.Close();
}

class RocksKv final : public Kv {
 public:
  RocksKv(std::unique_ptr<rocksdb::DB> db, RocksFamilies families, std::string directory)
      : db_(std::move(db)), families_(std::move(families)), directory_(std::move(directory)) {}
  ~RocksKv() override {
    close(*db_, families_);  // all that matters has been synced by the committer
  }

  [[nodiscard]] Result<std::string, KvError> get(Family family, std::string_view key,
                                                 Read how) const override {
    return read_record(*db_, handle(family), key, how, nullptr);
  }

  void get_many(Family family, const std::vector<std::string>& keys,
                const OnRecord& on_record) const override {
    read_records(*db_, handle(family), keys, on_record);
  }

  [[nodiscard]] std::unique_ptr<KvCursor> walk(Family family, std::string_view from,
                                               std::string_view until) const override {
    return walk_records(*db_, handle(family), from, until, nullptr);
  }

  [[nodiscard]] std::unique_ptr<KvCursor> walk_far(Family family, std::string_view from,
                                                   std::string_view until) const override {
    constexpr std::size_t read_ahead_bytes = 64UL * 1024;
    return walk_records(*db_, handle(family), from, until, nullptr, read_ahead_bytes);
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

  [[nodiscard]] std::unique_ptr<const KvReader> snapshot() const override {
    return std::make_unique<RocksSnapshot>(*db_, families_);
  }

  [[nodiscard]] Result<void, std::string> checkpoint(const std::string& directory) const override {
    rocksdb::Checkpoint* made = nullptr;
    rocksdb::Status status = rocksdb::Checkpoint::Create(db_.get(), &made);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    if (status.ok()) {
      // The log is copied, however long it is: nothing is flushed for a backup.
      status = checkpoint->CreateCheckpoint(directory, UINT64_MAX);
    }
    if (status.IsNoSpace()) {
      return failure(std::string("no space left on the disk"));
    }
    return status.ok() ? Result<void, std::string>{} : failure(status.ToString());
  }

 private:
  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(Family family) const {
    return families_[index(family)];
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
  RocksFamilies families_;  // in the order of Family
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
  if (family == Family::mail_detail || family == Family::blob) {
    table.block_size = 16 * 1024;  // listings walk through records of a kilobyte or two
  }
  if (!is_body) {
    // The committer asks for many keys that are not there (journal, done, state).
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  }
  rocksdb::ColumnFamilyOptions options;
  if (family < Family::account || family == Family::blob) {
    // Ids grow, and what leaves has come lately: a place in the memtable is near the one before.
    options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewCappedPrefixTransform(0));
  }
  if (!is_body &&
      (family < Family::account || family == Family::blob || family == Family::blob_same)) {
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
  if (is_body) {
    // Keys ascend, so that a read meets one file or two of many: to merge them early only moves
    // what will soon be gone. A backlog past a gigabyte is merged all the same.
    options.level0_file_num_compaction_trigger = 32;
    options.level0_slowdown_writes_trigger = 48;
    options.level0_stop_writes_trigger = 64;
  }
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

// What memtables take counts in the cache, so that it lends them no more than what is theirs. It is
// counted in pieces that fall on the shards by chance: with RocksDB's own shards of 2 MiB some
// would be full of them while mail flows, and what belongs there would be read from the file each
// time.
std::shared_ptr<rocksdb::Cache> make_cache(const RocksSettings& settings) {
  constexpr std::uint64_t shard_bytes = 32ULL << 20;
  const std::uint64_t bytes = settings.cache_bytes + settings.write_buffer_bytes;
  const int bits = std::clamp(static_cast<int>(std::bit_width(bytes / shard_bytes)) - 1, 0, 6);
  return rocksdb::NewLRUCache(bytes, bits);
}

struct Opened {
  rocksdb::DB* db = nullptr;
  RocksFamilies families;
};

// The default one comes first, and holds nothing.
std::vector<rocksdb::ColumnFamilyDescriptor> descriptors_of(
    const std::vector<std::string_view>& names, const RocksSettings& settings,
    const std::shared_ptr<rocksdb::Cache>& cache) {
  std::vector<rocksdb::ColumnFamilyDescriptor> out;
  out.emplace_back(rocksdb::kDefaultColumnFamilyName,
                   family_options(Family::meta, settings, cache));
  for (const std::string_view name : names) {
    const auto at = std::ranges::find(family_names, name) - family_names.begin();
    out.emplace_back(std::string(name), family_options(static_cast<Family>(at), settings, cache));
  }
  return out;
}

void drop_default(Opened& opened) {
  (void)opened.db->DestroyColumnFamilyHandle(opened.families.front());  // frees the handle alone
  opened.families.erase(opened.families.begin());
}

// A database that nobody writes.
class RocksArchive final : public KvReader {
 public:
  RocksArchive(std::unique_ptr<rocksdb::DB> db, RocksFamilies families)
      : db_(std::move(db)), families_(std::move(families)) {
    records_.emplace(*db_, families_);
  }
  ~RocksArchive() override {
    records_.reset();
    close(*db_, families_);
  }
  [[nodiscard]] Result<std::string, KvError> get(Family family, std::string_view key,
                                                 Read how) const override {
    return records_->get(family, key, how);
  }
  [[nodiscard]] std::unique_ptr<KvCursor> walk(Family family, std::string_view from,
                                               std::string_view until) const override {
    return records_->walk(family, from, until);
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  RocksFamilies families_;
  std::optional<RocksSnapshot> records_;
};

}  // namespace

std::unique_ptr<Kv> open_rocks(const RocksSettings& settings) {
  use_own_crc32c();
  // Merging tables can wait, mail can't. What is too much behind slows the writers down.
  (void)rocksdb::Env::Default()->LowerThreadPoolCPUPriority(rocksdb::Env::LOW,
                                                            rocksdb::CpuPriority::kLow);
  std::error_code error;
  std::filesystem::create_directories(settings.directory, error);
  if (error) {
    throw std::runtime_error("the directory " + settings.directory + " can't be made: " +
                             error.message() + ": check data_dir and its permissions");
  }
  const auto cache = make_cache(settings);
  Opened opened;
  const rocksdb::Status status =
      rocksdb::DB::Open(database_options(settings, cache), settings.directory,
                        descriptors_of({family_names.begin(), family_names.end()}, settings, cache),
                        &opened.families, &opened.db);
  if (!status.ok()) {
    refuse(settings.directory, status);
  }
  drop_default(opened);
  return std::make_unique<RocksKv>(std::unique_ptr<rocksdb::DB>(opened.db),
                                   std::move(opened.families), settings.directory);
}

std::unique_ptr<const KvReader> open_rocks_read_only(const std::string& directory) {
  use_own_crc32c();
  const RocksSettings settings{.directory = directory};
  const auto cache = rocksdb::NewLRUCache(settings.cache_bytes);
  rocksdb::DBOptions options = database_options(settings, cache);
  options.create_if_missing = false;
  options.create_missing_column_families = false;
  std::vector<std::string> there;
  rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, directory, &there);
  if (!status.ok()) {
    refuse(directory, status);
  }
  std::vector<std::string_view> known;
  for (const std::string& name : there) {
    if (name == rocksdb::kDefaultColumnFamilyName) {
      continue;
    }
    if (std::ranges::find(family_names, name) == family_names.end()) {
      refuse(directory, rocksdb::Status::InvalidArgument("Column families not opened: " + name));
    }
    known.emplace_back(name);
  }
  Opened opened;
  status = rocksdb::DB::OpenForReadOnly(options, directory, descriptors_of(known, settings, cache),
                                        &opened.families, &opened.db);
  if (!status.ok()) {
    refuse(directory, status);
  }
  drop_default(opened);
  // An older version may not have known all of them.
  RocksFamilies families(family_count, nullptr);
  for (std::size_t i = 0; i < known.size(); ++i) {
    const auto at = std::ranges::find(family_names, known[i]) - family_names.begin();
    families[static_cast<std::size_t>(at)] = opened.families[i];
  }
  return std::make_unique<RocksArchive>(std::unique_ptr<rocksdb::DB>(opened.db),
                                        std::move(families));
}

}  // namespace postrider::store
