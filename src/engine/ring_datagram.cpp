#include "ring_op.hpp"
#include "ring_reactor.hpp"
#include "socket_address.hpp"
#include "wait.hpp"

#include <cerrno>
#include <memory>
#include <sys/socket.h>

namespace postrider::engine {
namespace {

constexpr std::size_t longest_datagram = 65536;

// A UDP socket as the reactor sees it; outlives its handle until the kernel has let go. One receive
// is in the kernel at a time, into a buffer of its own, and stays there past deadlines.
class RingDatagrams final {
 public:
  RingDatagrams(RingReactor& reactor, int fd, bool is_v6, std::optional<SocketAddress> peer)
      : reactor_(reactor), fd_(fd), is_v6_(is_v6), peer_(peer) {}
  RingDatagrams(const RingDatagrams&) = delete;
  RingDatagrams& operator=(const RingDatagrams&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

  Task<IoResult<DatagramSocket::Datagram>> receive(Until until) {
    while (!result_) {
      arm();
      SlotWait wait(waiter_, reactor_, until);
      const Wait::End end = co_await wait;
      if (end != Wait::End::done && !result_) {
        co_return failure(error_of(end));
      }
    }
    const int result = *std::exchange(result_, std::nullopt);
    if (result < 0) {
      co_return failure(io_error(-result));
    }
    from_.size = message_.msg_namelen;
    co_return DatagramSocket::Datagram{
        peer_ ? *peer_ : from_raw(from_),
        std::string_view(buffer_.get(), static_cast<std::size_t>(result))};
  }

  Task<IoResult<void>> send(SocketAddress to, std::string_view octets, Until until) {
    if (const auto ended = ended_before(reactor_, until)) {
      co_return failure(*ended);
    }
    RawAddress address = is_v6_ ? to_raw_mapped(to) : to_raw(to);
    iovec piece{const_cast<char*>(octets.data()), octets.size()};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (!peer_) {
      message.msg_name = address.get();
      message.msg_namelen = address.size;
    }
    KernelOp op(reactor_, until);
    reactor_.ring().send_message(op, fd_, message);
    const int result = co_await op;
    if (result >= 0) {
      co_return IoResult<void>{};
    }
    co_return failure(op.given_up().value_or(io_error(-result)));
  }

  void release() {
    released_ = true;
    check(waiter_ == nullptr, "a DatagramSocket was destroyed while it receives");
    if (armed_) {
      reactor_.ring().cancel(receive_op_);
    }
    close_if_done();
  }

 private:
  struct ReceiveOp final : RingOp {
    explicit ReceiveOp(RingDatagrams& owner) : datagrams(owner) {}
    void on_completion(const Completion& completion) override {
      datagrams.on_received(completion.result);
    }
    RingDatagrams& datagrams;
  };
  ~RingDatagrams() = default;

  void arm() {
    if (armed_ || reactor_.is_draining()) {
      return;
    }
    if (buffer_ == nullptr) {
      // Pages that no datagram reaches are never touched.
      buffer_ = std::make_unique_for_overwrite<char[]>(longest_datagram);
    }
    armed_ = true;
    piece_ = {buffer_.get(), longest_datagram};
    message_ = {};
    message_.msg_name = from_.get();
    message_.msg_namelen = sizeof from_.storage;
    message_.msg_iov = &piece_;
    message_.msg_iovlen = 1;
    reactor_.ring().receive_message(receive_op_, fd_, message_);
  }

  void on_received(int result) {
    armed_ = false;
    if (released_) {
      close_if_done();
      return;
    }
    if (result != -ECANCELED && result != -EINTR && result != -EAGAIN) {
      result_ = result;
    }
    if (waiter_ != nullptr) {
      if (result_) {
        waiter_->finish();
      } else {
        arm();
      }
    }
  }

  void close_if_done() {
    if (released_ && !armed_) {
      reactor_.close_descriptor(fd_);
      delete this;
    }
  }

  RingReactor& reactor_;
  int fd_;
  bool is_v6_;
  std::optional<SocketAddress> peer_;
  ReceiveOp receive_op_{*this};
  bool armed_ = false;
  bool released_ = false;
  std::unique_ptr<char[]> buffer_;
  RawAddress from_;
  iovec piece_{};
  msghdr message_{};
  std::optional<int> result_;
  SlotWait* waiter_ = nullptr;
};

class RingDatagramSocket final : public DatagramSocket {
 public:
  explicit RingDatagramSocket(RingDatagrams* datagrams) : datagrams_(datagrams) {}
  ~RingDatagramSocket() override { datagrams_->release(); }
  Task<IoResult<Datagram>> receive(Until until) override { return datagrams_->receive(until); }
  Task<IoResult<void>> send(SocketAddress to, std::string_view octets, Until until) override {
    return datagrams_->send(to, octets, until);
  }
  [[nodiscard]] SocketAddress local() const override { return local_address(datagrams_->fd()); }

 private:
  RingDatagrams* datagrams_;  // deletes itself after release()
};

}  // namespace

IoResult<std::unique_ptr<DatagramSocket>> RingReactor::open_datagram(
    const DatagramOptions& options) {
  const bool is_v6 = options.bind.ip.family() == IpFamily::v6;
  const int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return failure(errno == EAFNOSUPPORT ? IoError::unreachable : io_error(errno));
  }
  const RawAddress local = to_raw(options.bind);
  int failed = bind(fd, local.get(), local.size) != 0 ? errno : 0;
  if (failed == 0 && options.peer) {
    const RawAddress peer = is_v6 ? to_raw_mapped(*options.peer) : to_raw(*options.peer);
    failed = ::connect(fd, peer.get(), peer.size) != 0 ? errno : 0;
  }
  if (failed != 0) {
    close_descriptor(fd);
    return failure(connect_error(failed));
  }
  return std::make_unique<RingDatagramSocket>(
      new RingDatagrams(*this, fd, is_v6, options.peer));  // deletes itself
}

}  // namespace postrider::engine
