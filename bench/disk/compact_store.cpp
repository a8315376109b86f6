// Compacts a store that no server has open, and prints the octets that its tables take then: what
// the mail takes when nothing is left to be tidied up.
//
// usage: compact_store DIRECTORY

#include <cstdint>
#include <cstdio>
#include <memory>
#include <rocksdb/db.h>
#include <string>
#include <vector>

namespace {

int fail(const std::string& what, const rocksdb::Status& status) {
  std::fprintf(stderr, "compact_store: %s: %s\n", what.c_str(), status.ToString().c_str());
  return 1;
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) {
    std::fprintf(stderr, "usage: compact_store DIRECTORY\n");
    return 2;
  }
  const std::string directory = words[1];
  std::vector<std::string> names;
  const rocksdb::DBOptions options;
  rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, directory, &names);
  if (!status.ok()) {
    return fail(directory, status);
  }
  rocksdb::ColumnFamilyOptions family;
  family.compression = rocksdb::kNoCompression;  // as the server has it
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) {
    descriptors.emplace_back(name, family);
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  status = rocksdb::DB::Open(options, directory, descriptors, &handles, &opened);
  if (!status.ok()) {
    return fail(directory, status);
  }
  const std::unique_ptr<rocksdb::DB> db(opened);
  rocksdb::CompactRangeOptions all;
  all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  std::uint64_t octets = 0;
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    status = db->CompactRange(all, handle, nullptr, nullptr);
    if (!status.ok()) {
      return fail(handle->GetName(), status);
    }
    std::uint64_t part = 0;
    (void)db->GetIntProperty(handle, rocksdb::DB::Properties::kLiveSstFilesSize, &part);
    if (part > 0) {
      std::printf("%-16s %12lu\n", handle->GetName().c_str(), static_cast<unsigned long>(part));
    }
    octets += part;
    (void)db->DestroyColumnFamilyHandle(handle);
  }
  std::printf("%-16s %12lu\n", "all", static_cast<unsigned long>(octets));
  return 0;
}
