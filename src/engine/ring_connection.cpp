#include "ring_connection.hpp"

#include "ring_op.hpp"
#include "socket_address.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>

namespace postrider::engine {
namespace {

// What of two pieces is still to be sent. It stays where it is until the operation has completed.
class Unsent {
 public:
  Unsent(std::string_view head, std::string_view body) : head_(head), body_(body) {}

  [[nodiscard]] bool is_empty() const { return head_.empty() && body_.empty(); }
  void remove(std::size_t octets) {
    const std::size_t of_head = std::min(octets, head_.size());
    head_.remove_prefix(of_head);
    body_.remove_prefix(octets - of_head);
  }
  void submit(Ring& ring, RingOp& op, int fd) {
    if (head_.empty() || body_.empty()) {
      ring.send(op, fd, head_.empty() ? body_ : head_);
      return;
    }
    pieces_ = {piece(head_), piece(body_)};
    message_.msg_iov = pieces_.data();
    message_.msg_iovlen = pieces_.size();
    ring.send_message(op, fd, message_);
  }

 private:
  static iovec piece(std::string_view octets) {
    return {.iov_base = const_cast<char*>(octets.data()), .iov_len = octets.size()};
  }

  std::string_view head_;
  std::string_view body_;
  std::array<iovec, 2> pieces_{};
  msghdr message_{};
};

}  // namespace

bool RingConnection::is_readable() const {
  if (!held_.empty() || ended_) {
    return true;
  }
  // What has come since the last turn is still in the socket.
  pollfd poll_one{.fd = fd_, .events = POLLIN, .revents = 0};
  return poll(&poll_one, 1, 0) > 0;
}

Task<IoResult<std::string_view>> RingConnection::receive(Until until) {
  if (view_) {
    give_back(*view_);
    view_.reset();
  }
  while (held_.empty()) {
    if (ended_) {
      co_return failure(*ended_);
    }
    arm();
    SlotWait wait(reader_, reactor_, until);
    const Wait::End end = co_await wait;
    // The operation stays armed: what arrives after the deadline is kept for the next receive.
    if (end != Wait::End::done && held_.empty()) {
      co_return failure(error_of(end));
    }
  }
  view_ = held_.front();
  held_.erase(held_.begin());
  co_return view_->buffer ? reactor_.ring().buffer(*view_->buffer, view_->size)
                          : std::string_view(own_buffer_.get(), view_->size);
}

void RingConnection::arm() {
  if (armed_ || ended_ || reactor_.is_draining()) {
    return;
  }
  armed_ = true;
  multishot_ = !short_of_buffers_;
  if (multishot_) {
    reactor_.ring().receive_multishot(receive_op_, fd_);
    return;
  }
  own_buffer_ = std::make_unique_for_overwrite<char[]>(own_buffer_bytes);
  reactor_.ring().receive(receive_op_, fd_, own_buffer_.get(), own_buffer_bytes);
}

void RingConnection::stop_receiving() {
  if (armed_ && !stopping_) {
    stopping_ = true;
    reactor_.ring().cancel(receive_op_);
  }
}

void RingConnection::on_received(const Completion& completion) {
  const bool was_multishot = multishot_;
  if (!completion.more) {
    armed_ = false;
    stopping_ = false;
  }
  if (completion.result > 0) {
    const Arrival arrival{completion.buffer, static_cast<std::size_t>(completion.result)};
    if (!was_multishot) {
      short_of_buffers_ = false;
    }
    if (released_) {
      thrown_away_ += arrival.size;
      give_back(arrival);
    } else {
      held_.push_back(arrival);
    }
  } else {
    if (completion.buffer) {
      reactor_.ring().give_back(*completion.buffer);
    }
    note_failure(-completion.result);
  }
  if (released_) {
    if (thrown_away_ > linger_octets) {
      stop_lingering();
    }
    arm();
    close_if_done();  // may delete this
    return;
  }
  const std::size_t limit = reactor_.ring().is_short_of_buffers() ? held_limit_short : held_limit;
  if (held_.size() >= limit) {
    stop_receiving();
  }
  if (reader_ != nullptr) {
    if (!held_.empty() || ended_) {
      reader_->finish();
    } else {
      arm();
    }
  }
}

void RingConnection::note_failure(int error) {
  switch (error) {
    case 0:
      ended_ = IoError::end_of_stream;
      return;
    case ENOBUFS:
      short_of_buffers_ = true;
      return;
    case ECANCELED:
    case EINTR:
    case EAGAIN:
      return;
    default:
      ended_ = io_error(error);
  }
}

void RingConnection::give_back(const Arrival& arrival) {
  if (arrival.buffer) {
    reactor_.ring().give_back(*arrival.buffer);
  } else {
    own_buffer_.reset();
  }
}

Task<IoResult<void>> RingConnection::send(std::string_view head, std::string_view body,
                                          Until until) {
  check(!end_sent_, "send() after shutdown_send()");
  if (aborted_) {
    co_return failure(IoError::reset);
  }
  if (const auto ended = ended_before(reactor_, until)) {
    co_return failure(*ended);
  }
  Unsent unsent(head, body);
  while (!unsent.is_empty()) {
    KernelOp op(reactor_, until);
    unsent.submit(reactor_.ring(), op, fd_);
    const int sent = co_await op;
    if (sent > 0) {
      unsent.remove(static_cast<std::size_t>(sent));
      if (unsent.is_empty()) {
        break;
      }
    }
    if (op.given_up() && (sent >= 0 || sent == -ECANCELED || sent == -EINTR)) {
      co_return failure(*op.given_up());
    }
    if (sent < 0 && sent != -EINTR && sent != -EAGAIN) {
      co_return failure(io_error(-sent));
    }
  }
  co_return IoResult<void>{};
}

void RingConnection::shutdown_send() {
  if (!end_sent_ && !aborted_) {
    end_sent_ = true;
    // It fails only if the connection is broken already, which the next receive tells.
    (void)shutdown(fd_, SHUT_WR);
  }
}

void RingConnection::abort() {
  if (!aborted_) {
    aborted_ = true;
    ended_ = IoError::reset;
    const struct linger none{.l_onoff = 1, .l_linger = 0};
    // Unix sockets don't know it: their peer reads an end.
    (void)setsockopt(fd_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    stop_receiving();
  }
}

// A close with unread octets in the socket would be a reset, which can destroy the last reply on
// its way to the peer: so read on, for a while, until the peer has closed too.
void RingConnection::release() {
  released_ = true;
  check(reader_ == nullptr, "a Stream was destroyed while it receives");
  if (view_) {
    give_back(*view_);
  }
  for (const Arrival& arrival : held_) {
    give_back(arrival);
  }
  held_.clear();
  if (!ended_ && !reactor_.is_draining()) {
    shutdown_send();
    arm();
    reactor_.note_lingering(1);
    linger_timer_ = std::make_unique<LingerTimer>(*this);
    reactor_.arm(*linger_timer_, reactor_.now() + linger);
  }
  close_if_done();
}

void RingConnection::stop_lingering() {
  ended_ = IoError::timed_out;
  stop_receiving();
}

void RingConnection::close_if_done() {
  if (released_ && !armed_ && (ended_ || reactor_.is_draining())) {
    if (linger_timer_ != nullptr) {
      reactor_.note_lingering(-1);
    }
    reactor_.close_descriptor(fd_);
    delete this;
  }
}

SocketAddress RingStream::local() const {
  return local_address(connection_->fd());
}

std::optional<Stream::Credentials> RingStream::peer_credentials() const {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  int domain = 0;
  socklen_t domain_size = sizeof domain;
  const int fd = connection_->fd();
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_size) != 0 || domain != AF_UNIX ||
      getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return std::nullopt;
  }
  return Credentials{credentials.uid, credentials.gid, credentials.pid};
}

}  // namespace postrider::engine
