#include "backup.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace postrider::store {
namespace {

namespace fs = std::filesystem;

// What the checkpoint writes beside the log and the manifest, and room for the server to go on.
constexpr std::uint64_t headroom_bytes = 16ULL << 20;

std::string cant(const fs::path& path, int error) {
  return path.string() + " can't be made: " + std::strerror(error) +
         ": check the folder above it, its permissions and the disk";
}

bool sync_path(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return false;
  }
  const bool done = ::fsync(fd) == 0;
  ::close(fd);
  return done;
}

bool same_disk(const fs::path& a, const fs::path& b) {
  struct stat first{};
  struct stat second{};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev;
}

// Tables are linked where that can be; everything else is copied.
std::uint64_t bytes_needed(const fs::path& store, bool can_link) {
  std::uint64_t bytes = headroom_bytes;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(store, error)) {
    if (entry.is_regular_file(error) && !(can_link && entry.path().extension() == ".sst")) {
      const auto size = entry.file_size(error);  // of one that has gone meanwhile: an error
      bytes += error ? 0 : size;
    }
  }
  return bytes;
}

// Removes what was begun, unless it was ended.
class Staging {
 public:
  explicit Staging(fs::path path) : path_(std::move(path)) {}
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() {
    std::error_code error;  // there is nobody to tell: the next backup of that name tries again
    if (!path_.empty()) {
      fs::remove_all(path_, error);
    }
  }
  void keep() { path_.clear(); }

 private:
  fs::path path_;
};

Result<BackupMade, std::string> sync_all(const fs::path& staging) {
  BackupMade made;
  std::error_code error;
  for (fs::recursive_directory_iterator at(staging, error), end; !error && at != end;
       at.increment(error)) {
    if (!sync_path(at->path())) {
      return failure(cant(at->path(), errno));
    }
    if (at->is_regular_file(error)) {
      ++made.files;
      made.size_bytes += at->file_size(error);
    }
  }
  if (error || !sync_path(staging)) {
    return failure(cant(staging, error ? error.value() : errno));
  }
  return made;
}

}  // namespace

Result<BackupMade, std::string> make_backup(const Kv& kv, const std::string& store,
                                            const std::string& directory) {
  const fs::path target(directory);
  std::error_code error;
  if (!target.is_absolute() || target.filename().empty()) {
    return failure(directory + " is no absolute path: name the folder that is to be made");
  }
  if (fs::exists(fs::symlink_status(target, error))) {
    return failure(directory + " exists: name a folder that does not exist yet");
  }
  const fs::path above = target.parent_path();
  const fs::space_info space = fs::space(above, error);
  if (error) {
    return failure(cant(target, error.value()));
  }
  if (const std::uint64_t needed = bytes_needed(store, same_disk(store, above));
      space.available < needed) {
    return failure(above.string() + " has " + std::to_string(space.available >> 20) +
                   " MiB of free space and the backup needs " + std::to_string(needed >> 20) +
                   " MiB: make room, or name a folder on another disk");
  }
  fs::path partial = target;
  partial += ".partial";
  fs::remove_all(partial, error);  // of one that was killed
  Staging staging(partial);
  if (::mkdir(partial.c_str(), S_IRWXU) != 0) {
    return failure(cant(partial, errno));
  }
  if (const auto copied = kv.checkpoint((partial / backup_store_name).string()); !copied) {
    return failure("the backup in " + directory + " failed (" + copied.error() +
                   "): check the disk; nothing of it is left");
  }
  auto made = sync_all(partial);
  if (!made) {
    return made;
  }
  // Never over what came to be there meanwhile.
  if (::renameat2(AT_FDCWD, partial.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) != 0) {
    return failure(cant(target, errno));
  }
  staging.keep();
  if (!sync_path(above)) {
    return failure(cant(target, errno));
  }
  return made;
}

}  // namespace postrider::store
