#include "ring_op.hpp"
#include "ring_reactor.hpp"
#include "socket_address.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace postrider::engine {
namespace {

// One write takes at most this much, so that its length fits the ring's entry.
constexpr std::size_t longest_write = 64 * 1024 * 1024;

class RingAppendFile final : public AppendFile {
 public:
  RingAppendFile(RingReactor& reactor, int fd, std::uint64_t size, bool is_torn)
      : reactor_(reactor), fd_(fd), size_(size), is_torn_(is_torn) {}
  ~RingAppendFile() override { reactor_.close_descriptor(fd_); }

  Task<IoResult<void>> append(std::string_view octets) override {
    if (is_torn_ && !octets.empty()) {
      const auto mended = co_await write("\n");
      if (!mended) {
        co_return mended;
      }
      is_torn_ = false;
    }
    co_return co_await write(octets);
  }

  Task<IoResult<void>> sync() override {
    KernelOp op(reactor_, Until{});
    reactor_.ring().sync_data(op, fd_);
    const int result = co_await op;
    if (result < 0) {
      co_return failure(io_error(-result));
    }
    co_return IoResult<void>{};
  }

  [[nodiscard]] std::uint64_t size() const override { return size_; }

 private:
  Task<IoResult<void>> write(std::string_view octets) {
    while (!octets.empty()) {
      KernelOp op(reactor_, Until{});
      reactor_.ring().append(op, fd_, octets.substr(0, longest_write));
      const int written = co_await op;
      if (written < 0 && written != -EINTR && written != -EAGAIN) {
        co_return failure(io_error(-written));
      }
      if (written == 0) {
        co_return failure(IoError::other);  // no file takes nothing of something for ever
      }
      const std::size_t taken = static_cast<std::size_t>(std::max(written, 0));
      size_ += taken;
      octets.remove_prefix(taken);
    }
    co_return IoResult<void>{};
  }

  RingReactor& reactor_;
  int fd_;
  std::uint64_t size_;
  bool is_torn_;  // the last line, by a writer that died
};

// Unknown counts as whole: pipes and terminals have no past.
bool ends_inside_a_line(const std::string& path, const struct stat& found) {
  if (!S_ISREG(found.st_mode) || found.st_size == 0) {
    return false;
  }
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return false;
  }
  char last = '\n';
  const ssize_t got = pread(fd, &last, 1, found.st_size - 1);
  close(fd);
  return got == 1 && last != '\n';
}

}  // namespace

IoResult<std::unique_ptr<AppendFile>> RingReactor::open_append(const AppendFileOptions& options) {
  const int fd = open(options.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
                      options.mode);
  if (fd < 0) {
    return failure(io_error(errno));
  }
  struct stat found{};
  if (fstat(fd, &found) != 0) {
    const IoError error = io_error(errno);
    close_descriptor(fd);
    return failure(error);
  }
  return std::make_unique<RingAppendFile>(*this, fd, static_cast<std::uint64_t>(found.st_size),
                                          ends_inside_a_line(options.path, found));
}

}  // namespace postrider::engine
