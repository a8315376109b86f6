#include "ring_connection.hpp"
#include "ring_op.hpp"
#include "socket_address.hpp"

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace postrider::engine {
namespace {

// Closes what is left of a connect that came to nothing, also when its frame is destroyed.
struct OwnedDescriptor {
  explicit OwnedDescriptor(int owned) : fd(owned) {}
  OwnedDescriptor(const OwnedDescriptor&) = delete;
  OwnedDescriptor& operator=(const OwnedDescriptor&) = delete;
  ~OwnedDescriptor() {
    if (fd >= 0) {
      close(fd);
    }
  }
  int release() { return std::exchange(fd, -1); }
  int fd;
};

// The port of the source is chosen at connect, when the peer is known: many more fit.
std::optional<IoError> bind_source(int fd, const IpAddress& source) {
  const int on = 1;
  (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);  // only an economy
  const RawAddress address = to_raw({source, 0});
  if (bind(fd, address.get(), address.size) != 0) {
    return io_error(errno);
  }
  return std::nullopt;
}

Task<IoResult<std::unique_ptr<Stream>>> finish_connect(RingReactor& reactor, int new_fd,
                                                       RawAddress address, SocketAddress peer,
                                                       Until until) {
  OwnedDescriptor socket(new_fd);
  KernelOp op(reactor, until);
  reactor.ring().connect(op, socket.fd, address.get(), address.size);
  const int result = co_await op;
  if (result == 0) {
    co_return std::make_unique<RingStream>(reactor, socket.release(), peer);
  }
  if (op.given_up()) {
    co_return failure(*op.given_up());
  }
  co_return failure(connect_error(-result));
}

}  // namespace

Task<IoResult<std::unique_ptr<Stream>>> RingReactor::connect(ConnectOptions options, Until until) {
  if (const auto ended = ended_before(*this, until)) {
    co_return failure(*ended);
  }
  const bool is_v6 = options.to.ip.family() == IpFamily::v6;
  if (options.source && options.source->family() != options.to.ip.family()) {
    co_return failure(IoError::unreachable);
  }
  OwnedDescriptor socket(::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.fd < 0) {
    // No IPv6 on this machine is no more than an unreachable address.
    co_return failure(errno == EAFNOSUPPORT ? IoError::unreachable : io_error(errno));
  }
  const int on = 1;
  (void)setsockopt(socket.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // never fails on TCP
  if (options.source) {
    if (const auto error = bind_source(socket.fd, *options.source)) {
      co_return failure(*error);
    }
  }
  co_return co_await finish_connect(*this, socket.release(), to_raw(options.to), options.to, until);
}

Task<IoResult<std::unique_ptr<Stream>>> RingReactor::connect_unix(std::string path, Until until) {
  if (const auto ended = ended_before(*this, until)) {
    co_return failure(*ended);
  }
  const auto address = unix_address(path);
  if (!address) {
    co_return failure(IoError::other);
  }
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    co_return failure(io_error(errno));
  }
  co_return co_await finish_connect(*this, fd, *address, SocketAddress{}, until);
}

}  // namespace postrider::engine
