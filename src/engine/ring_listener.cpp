#include "ring_listener.hpp"

#include "ring_connection.hpp"
#include "socket_address.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace postrider::engine {
namespace {

constexpr int unix_backlog = 128;

int open_reserve() {
  return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

std::uint64_t inode_of(const std::string& path) {
  struct stat found{};
  return !path.empty() && lstat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

IoError close_and_fail(int fd, IoError error) {
  close(fd);
  return error;
}

bool set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

// Does somebody answer there?
bool is_alive(const RawAddress& address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    return true;
  }
  const bool refused = connect(fd, address.get(), address.size) != 0 && errno == ECONNREFUSED;
  close(fd);
  return !refused;
}

// Errors: errno.
bool bind_unix(int fd, const RawAddress& address, const UnixListenOptions& options) {
  // The mode of the descriptor is what the path is made with: there is no moment when it is open
  // to all.
  if (fchmod(fd, options.mode) != 0) {
    return false;
  }
  if (bind(fd, address.get(), address.size) == 0) {
    return true;
  }
  if (errno != EADDRINUSE) {
    return false;
  }
  if (is_alive(address)) {
    errno = EADDRINUSE;
    return false;
  }
  return unlink(options.path.c_str()) == 0 && bind(fd, address.get(), address.size) == 0;
}

}  // namespace

// An IPv6 socket takes IPv4 too ("[::]:25" is both): one listener serves every host. Beside it
// "0.0.0.0:25" may stand with SO_REUSEPORT and gets the IPv4 connections.
IoResult<std::unique_ptr<Listener>> RingReactor::listen(const ListenOptions& options) {
  const bool is_v6 = options.address.ip.family() == IpFamily::v6;
  const int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return failure(io_error(errno));
  }
  // TCP_NODELAY is inherited by what is accepted.
  const bool ready = (!is_v6 || set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0)) &&
                     set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
                     (!options.reuse_port || set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) &&
                     set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  const RawAddress address = to_raw(options.address);
  if (!ready || bind(fd, address.get(), address.size) != 0 || ::listen(fd, options.backlog) != 0) {
    return failure(close_and_fail(fd, io_error(errno)));
  }
  return std::make_unique<RingListener>(new RingAcceptor(*this, fd, std::string()));
}

IoResult<std::unique_ptr<Listener>> RingReactor::listen_unix(const UnixListenOptions& options) {
  const auto address = unix_address(options.path);
  if (!address) {
    return failure(IoError::other);
  }
  const auto holder = std::ranges::find(unix_acceptors_, options.path, &RingAcceptor::path);
  const bool is_shared = options.shared && holder != unix_acceptors_.end();
  const int fd = is_shared ? fcntl((*holder)->fd(), F_DUPFD_CLOEXEC, 0)
                           : socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return failure(io_error(errno));
  }
  if (!is_shared && !bind_unix(fd, *address, options)) {
    return failure(close_and_fail(fd, io_error(errno)));
  }
  // The umask may have taken bits that were asked for.
  if (chmod(options.path.c_str(), options.mode) != 0 || ::listen(fd, unix_backlog) != 0) {
    return failure(close_and_fail(fd, io_error(errno)));
  }
  unix_acceptors_.push_back(new RingAcceptor(*this, fd, options.path));
  return std::make_unique<RingListener>(unix_acceptors_.back());
}

bool RingReactor::forget_path(RingAcceptor& acceptor) {
  std::erase(unix_acceptors_, &acceptor);
  return std::ranges::find(unix_acceptors_, acceptor.path(), &RingAcceptor::path) !=
         unix_acceptors_.end();
}

SocketAddress RingListener::local() const {
  return local_address(acceptor_->fd());
}

RingAcceptor::RingAcceptor(RingReactor& reactor, int fd, std::string path)
    : reactor_(reactor),
      fd_(fd),
      path_(std::move(path)),
      path_inode_(inode_of(path_)),
      reserve_fd_(open_reserve()) {}

RingAcceptor::~RingAcceptor() {
  if (reserve_fd_ >= 0) {
    close(reserve_fd_);
  }
}

Task<IoResult<std::unique_ptr<Stream>>> RingAcceptor::accept(Until until) {
  while (true) {
    while (held_.empty()) {
      arm();
      SlotWait wait(waiter_, reactor_, until);
      const Wait::End end = co_await wait;
      if (end != Wait::End::done && held_.empty()) {
        co_return failure(error_of(end));
      }
    }
    const int fd = held_.front();
    held_.pop_front();
    if (auto stream = make_stream(fd)) {
      co_return stream;
    }
  }
}

std::unique_ptr<Stream> RingAcceptor::make_stream(int fd) {
  SocketAddress peer;
  if (path_.empty()) {
    RawAddress raw;
    if (getpeername(fd, raw.get(), &raw.size) != 0) {
      reactor_.close_descriptor(fd);  // gone before it was looked at
      return nullptr;
    }
    peer = from_raw(raw);
  }
  return std::make_unique<RingStream>(reactor_, fd, peer);
}

void RingAcceptor::arm() {
  if (!armed_ && !released_ && !pause_timer_.is_armed() && !reactor_.is_draining()) {
    armed_ = true;
    reactor_.ring().accept_multishot(accept_op_, fd_);
  }
}

void RingAcceptor::on_accepted(const Completion& completion) {
  if (!completion.more) {
    armed_ = false;
    stopping_ = false;
  }
  if (completion.result >= 0) {
    held_.push_back(completion.result);
  } else {
    on_failure(-completion.result);
  }
  if (released_) {
    close_if_done();
    return;
  }
  if (held_.size() >= held_limit && armed_ && !stopping_) {
    stopping_ = true;
    reactor_.ring().cancel(accept_op_);
  }
  if (waiter_ != nullptr) {
    if (!held_.empty()) {
      waiter_->finish();
    } else {
      arm();
    }
  }
}

void RingAcceptor::on_failure(int error) {
  switch (error) {
    case ECANCELED:
    case EINTR:
    case EAGAIN:
    case ECONNABORTED:
    case EPROTO:
      return;
    case EMFILE:
    case ENFILE:
      shed_one();
      break;
    default:
      break;
  }
  // Whatever it was: a listener that gives up is worse than one that tries again.
  if (!released_ && !reactor_.is_draining()) {
    reactor_.arm(pause_timer_, reactor_.now() + pause);
  }
}

// Out of descriptors: one that was kept for this takes a connection off the backlog and closes it,
// so that its peer hears a reset and tries another host instead of a timeout.
void RingAcceptor::shed_one() {
  if (reserve_fd_ >= 0) {
    close(reserve_fd_);
    const int flags = fcntl(fd_, F_GETFL);
    (void)fcntl(fd_, F_SETFL, flags | O_NONBLOCK);  // the backlog may be empty by now
    if (const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC); fd >= 0) {
      close(fd);
    }
    (void)fcntl(fd_, F_SETFL, flags);
  }
  reserve_fd_ = open_reserve();
}

void RingAcceptor::release() {
  released_ = true;
  check(waiter_ == nullptr, "a Listener was destroyed while it accepts");
  if (!path_.empty() && !reactor_.forget_path(*this) && inode_of(path_) == path_inode_) {
    // Only what is still ours: another process may have replaced it.
    (void)unlink(path_.c_str());
  }
  if (armed_ && !stopping_) {
    reactor_.ring().cancel(accept_op_);
  }
  close_if_done();
}

void RingAcceptor::close_if_done() {
  if (!released_) {
    return;
  }
  for (const int fd : held_) {
    reactor_.close_descriptor(fd);
  }
  held_.clear();
  if (!armed_) {
    reactor_.close_descriptor(fd_);
    delete this;
  }
}

}  // namespace postrider::engine
