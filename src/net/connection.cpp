#include <span>
#include <utility>

#include <postrider/net/connection.hpp>
#include <postrider/net/tls_session.hpp>

namespace postrider::net {

namespace {

using engine::IoError;
using engine::IoResult;
using engine::Task;
using engine::Until;

// Decrypted at a time: half a record, since each connection keeps the buffer.
constexpr std::size_t plain_octets = 8192;
// Encrypted at a time: bounds what a large body takes beside itself.
constexpr std::size_t seal_octets = 65'536;
// A body up to this size is copied behind what was written before it.
constexpr std::size_t join_octets = 16'384;
// Answers to the peer's key updates: more of them than this are sent at once.
constexpr std::size_t cipher_idle_octets = 4096;
// Of what is encrypted, kept over a wait for the peer: a reply or two.
constexpr std::size_t cipher_kept_octets = 512;
// Who says more than this between STARTTLS and TLS is not talking SMTP.
constexpr std::size_t discard_octets_max = 65'536;

// `buffer` is the connection's and keeps its memory for the next reply. It is empty afterwards,
// whatever became of the octets: a stream that failed once is of no use.
Task<IoResult<void>> send_and_clear(engine::Stream& stream, std::string& buffer, Until until) {
  IoResult<void> sent{};
  if (!buffer.empty()) {
    sent = co_await stream.send(buffer, until);
    buffer.clear();
  }
  co_return sent;
}

}  // namespace

Connection::Connection(engine::Reactor& reactor, std::unique_ptr<engine::Stream> stream)
    : reactor_(&reactor), stream_(std::move(stream)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Task<IoResult<std::string_view>> Connection::receive(Until until) {
  return tls_ ? receive_tls(until) : stream_->receive(until);
}

Task<IoResult<std::string_view>> Connection::receive_tls(Until until) {
  while (true) {
    if (plain_ == nullptr) {
      plain_ = std::make_unique_for_overwrite<char[]>(plain_octets);
    }
    const TlsSession::Read read =
        tls_->read(arrived_, std::span(plain_.get(), plain_octets), cipher_);
    may_have_more_ = read.step == TlsStep::done && read.octets == plain_octets;
    switch (read.step) {
      case TlsStep::done:
        co_return std::string_view(plain_.get(), read.octets);
      case TlsStep::closed:
        co_return failure(IoError::end_of_stream);
      case TlsStep::failed:
        (void)co_await send_cipher(until);  // the alert; the connection is lost anyway
        co_return failure(IoError::reset);
      case TlsStep::want_read:
        break;
    }
    if (cipher_.size() > cipher_idle_octets) {
      if (const auto sent = co_await send_cipher(until); !sent) {
        co_return failure(sent.error());
      }
    }
    slim();
    const auto octets = co_await stream_->receive(until);
    if (!octets) {
      const bool cut = octets.error() == IoError::end_of_stream;
      co_return failure(cut ? IoError::reset : octets.error());
    }
    arrived_ = *octets;
  }
}

// Most connections are idle at most times. To get the memory again costs less than to ask the
// kernel whether there is something to read.
void Connection::slim() {
  plain_.reset();
  if (cipher_.empty() && cipher_.capacity() > cipher_kept_octets) {
    std::string().swap(cipher_);
  }
}

Task<IoResult<void>> Connection::flush(Until until) {
  return send({}, until);
}

Task<IoResult<void>> Connection::send(std::string_view octets, Until until) {
  if (tls_) {
    co_return co_await send_tls(octets, until);
  }
  if (octets.size() > join_octets) {
    const auto sent = co_await stream_->send_both(out_, octets, until);
    out_.clear();
    co_return sent;
  }
  out_ += octets;
  co_return co_await send_and_clear(*stream_, out_, until);
}

// What was written and `octets` leave in records that fill one send after the other.
Task<IoResult<void>> Connection::send_tls(std::string_view octets, Until until) {
  for (std::string_view rest : {std::string_view(out_), octets}) {
    while (!rest.empty()) {
      const std::string_view piece = rest.substr(0, seal_octets);
      rest.remove_prefix(piece.size());
      if (tls_->write(piece, cipher_) != TlsStep::done) {
        co_return failure(IoError::reset);
      }
      if (cipher_.size() < seal_octets) {
        continue;
      }
      if (const auto sent = co_await send_cipher(until); !sent) {
        co_return failure(sent.error());
      }
    }
  }
  out_.clear();
  co_return co_await send_cipher(until);
}

Task<IoResult<void>> Connection::send_cipher(Until until) {
  return send_and_clear(*stream_, cipher_, until);
}

Task<void> Connection::close(Until until) {
  // Nobody is left to hear of errors: the stream ends either way.
  (void)co_await flush(until);
  if (tls_) {
    tls_->close(cipher_);
    (void)co_await send_cipher(until);
  }
  stream_->shutdown_send();
}

void Connection::abort() {
  stream_->abort();
}

bool Connection::is_readable() const {
  return !arrived_.empty() || may_have_more_ || stream_->is_readable();
}

Task<IoResult<void>> Connection::discard_arrived(Until until) {
  std::size_t discarded = 0;
  while (stream_->is_readable()) {
    const auto octets = co_await stream_->receive(until);
    if (!octets) {
      co_return failure(octets.error());
    }
    discarded += octets->size();
    if (discarded > discard_octets_max) {
      co_return failure(IoError::reset);
    }
  }
  co_return IoResult<void>{};
}

}  // namespace postrider::net
