#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include <postrider/base/digest.hpp>
#include <postrider/net/dns_cache_port.hpp>

namespace postrider::net {

namespace {

constexpr std::string_view magic = "postrider dns cache 1\n";
constexpr std::size_t digest_octets = 32;
constexpr std::size_t length_octets = 4;
// Far above what a core saves: a larger file is not ours.
constexpr std::size_t file_octets_max = std::size_t{256} << 20;

// Closes what it holds.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { (void)close(); }
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

  // The whole file; nullopt: it can't be read, or is too large.
  [[nodiscard]] std::optional<std::string> read_all() const {
    struct stat about{};
    if (fstat(descriptor_, &about) != 0 || about.st_size < 0 ||
        static_cast<std::size_t>(about.st_size) > file_octets_max) {
      return std::nullopt;
    }
    std::string octets(static_cast<std::size_t>(about.st_size), '\0');
    std::size_t at = 0;
    while (at < octets.size()) {
      const ssize_t got = ::read(descriptor_, octets.data() + at, octets.size() - at);
      if (got < 0 && errno == EINTR) {
        continue;
      }
      if (got <= 0) {
        return std::nullopt;
      }
      at += static_cast<std::size_t>(got);
    }
    return octets;
  }
  [[nodiscard]] bool write_all(std::string_view octets) const {
    while (!octets.empty()) {
      const ssize_t put = ::write(descriptor_, octets.data(), octets.size());
      if (put < 0 && errno == EINTR) {
        continue;
      }
      if (put <= 0) {
        return false;
      }
      octets.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }
  bool close() {
    const bool closed = descriptor_ < 0 || ::close(descriptor_) == 0;
    descriptor_ = -1;
    return closed;
  }

 private:
  int descriptor_;
};

std::size_t length_at(std::string_view octets) {
  std::size_t length = 0;
  for (const char c : octets.substr(0, length_octets)) {
    length = length << 8U | static_cast<unsigned char>(c);
  }
  return length;
}

std::string encode(const std::vector<std::string>& records) {
  std::string out(magic);
  for (const std::string& record : records) {
    for (unsigned shift = 32; shift != 0; shift -= 8) {
      out += static_cast<char>(record.size() >> (shift - 8));
    }
    out += record;
  }
  return out + std::string(sha256(out).view());
}

std::vector<std::string> decode(std::string_view octets) {
  std::vector<std::string> records;
  if (octets.size() < magic.size() + digest_octets || !octets.starts_with(magic)) {
    return records;
  }
  const std::string_view body = octets.substr(0, octets.size() - digest_octets);
  if (sha256(body).view() != octets.substr(body.size())) {
    return records;
  }
  std::string_view rest = body.substr(magic.size());
  while (rest.size() >= length_octets) {
    const std::size_t length = length_at(rest);
    rest.remove_prefix(length_octets);
    if (length > rest.size()) {
      break;
    }
    records.emplace_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return records;
}

class DnsCacheFiles final : public DnsCachePort {
 public:
  explicit DnsCacheFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::vector<std::string> load(CoreId core) override {
    const File file(::open(path(core).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    const auto octets = file.is_open() ? file.read_all() : std::nullopt;
    return octets ? decode(*octets) : std::vector<std::string>();
  }

  bool save(CoreId core, const std::vector<std::string>& records) override {
    const std::string path = this->path(core);
    const std::string fresh = path + ".new";
    constexpr mode_t owner_only = 0600;
    (void)::unlink(fresh.c_str());  // of a run that was killed; else it is not there
    File file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, owner_only));
    const bool written = file.is_open() && file.write_all(encode(records)) && file.close() &&
                         ::rename(fresh.c_str(), path.c_str()) == 0;
    if (!written) {
      (void)::unlink(fresh.c_str());  // what is left of it is of no use
    }
    return written;
  }

 private:
  [[nodiscard]] std::string path(CoreId core) const {
    return (folder_ / ("dns_cache." + std::to_string(core))).string();
  }
  std::filesystem::path folder_;
};

}  // namespace

std::unique_ptr<DnsCachePort> make_dns_cache_files(std::filesystem::path folder) {
  return std::make_unique<DnsCacheFiles>(std::move(folder));
}

}  // namespace postrider::net
