#pragma once

#include "kv.hpp"

#include <memory>
#include <rocksdb/db.h>
#include <string>
#include <string_view>
#include <vector>

// Reading RocksDB: as it is, at a snapshot, or a database that nobody writes.
namespace postrider::store {

using RocksFamilies = std::vector<rocksdb::ColumnFamilyHandle*>;

[[nodiscard]] inline rocksdb::Slice slice(std::string_view octets) {
  return {octets.data(), octets.size()};
}
[[nodiscard]] KvError kv_error(const rocksdb::Status& status);

// snapshot: nullptr: as it is now. read_ahead_bytes: of each file so many are read at once, by one
// system call; 0: a block by each.
[[nodiscard]] Result<std::string, KvError> read_record(rocksdb::DB& db,
                                                       rocksdb::ColumnFamilyHandle* family,
                                                       std::string_view key, Read how,
                                                       const rocksdb::Snapshot* snapshot);
void read_records(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
                  const std::vector<std::string>& keys, const KvReader::OnRecord& on_record);
[[nodiscard]] std::unique_ptr<KvCursor> walk_records(rocksdb::DB& db,
                                                     rocksdb::ColumnFamilyHandle* family,
                                                     std::string_view from, std::string_view until,
                                                     const rocksdb::Snapshot* snapshot,
                                                     std::size_t read_ahead_bytes = 0);

// In the order of Family. A family that is not there (nullptr) has no records. `db` and `families`
// outlive it.
class RocksSnapshot final : public KvReader {
 public:
  RocksSnapshot(rocksdb::DB& db, const RocksFamilies& families)
      : db_(db), families_(families), snapshot_(db.GetSnapshot()) {}
  ~RocksSnapshot() override { db_.ReleaseSnapshot(snapshot_); }
  [[nodiscard]] Result<std::string, KvError> get(Family family, std::string_view key,
                                                 Read how) const override;
  [[nodiscard]] std::unique_ptr<KvCursor> walk(Family family, std::string_view from,
                                               std::string_view until) const override;

 private:
  rocksdb::DB& db_;
  const RocksFamilies& families_;
  const rocksdb::Snapshot* snapshot_;
};

}  // namespace postrider::store
