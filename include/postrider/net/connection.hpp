#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/engine/reactor.hpp>
#include <postrider/engine/stream.hpp>
#include <postrider/engine/task.hpp>
#include <postrider/net/tls_error.hpp>

namespace postrider::net {

class TlsContext;
class TlsResumption;
class TlsSession;

enum class TlsRole : std::uint8_t { server, client };

struct StartTlsFailure {
  engine::IoError io = engine::IoError::other;  // other: the handshake itself failed, see text
  std::string text;                             // what went wrong, for people
  std::optional<TlsErrorKind> kind;             // where the session itself failed
};

// A conversation's connection: a stream, TLS over it from some moment on, and an output buffer that
// is sent in one piece by flush(). Shard: the stream's core. One owner; may be destroyed when
// nothing is pending (a TLS close notice is sent by close() only).
class Connection {
 public:
  Connection(engine::Reactor& reactor, std::unique_ptr<engine::Stream> stream);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  // Out: at least one octet of plaintext, valid until the next receive(), start_tls() or
  // destruction. Errors: as Stream::receive; over TLS end_of_stream only after the peer's close
  // notice: a stream that ends without is `reset`, as somebody may have cut it.
  engine::Task<engine::IoResult<std::string_view>> receive(engine::Until until);
  // Appends to the output; nothing is sent before flush().
  void write(std::string_view octets) { out_ += octets; }
  [[nodiscard]] std::string& out() { return out_; }
  engine::Task<engine::IoResult<void>> flush(engine::Until until);
  // Sends `octets` after what was written, without a copy for large bodies. In: valid until the
  // end.
  engine::Task<engine::IoResult<void>> send(std::string_view octets, engine::Until until);

  // Nothing said before TLS counts (RFC 3207 4.2); the caller drops what it holds itself. A client:
  // what has arrived and was not received is discarded. A server after STARTTLS: leaves its
  // go-ahead (220) in the output; what has arrived is discarded, then the output is sent, then the
  // handshake begins. A server whose output is flushed takes what has arrived for the handshake
  // (implicit TLS; plain text makes it fail). The CPU of a handshake is spent in the reactor's
  // heavy steps. `context` outlives the Connection. `resumption`: a client's, may be null. After a
  // failure: abort() or close(), nothing else.
  engine::Task<Result<void, StartTlsFailure>> start_tls(
      const TlsContext& context, TlsRole role, std::string peer_name, engine::Until until,
      std::shared_ptr<const TlsResumption> resumption = nullptr);
  // nullptr before start_tls has succeeded.
  [[nodiscard]] TlsSession* tls() { return tls_.get(); }

  // Flushes, says goodbye (TLS close notice), ends the stream.
  engine::Task<void> close(engine::Until until);
  void abort();
  // As Stream::is_readable, decrypted octets included.
  [[nodiscard]] bool is_readable() const;

  [[nodiscard]] engine::Stream& stream() { return *stream_; }
  [[nodiscard]] engine::Reactor& reactor() { return *reactor_; }

 private:
  engine::Reactor* reactor_;
  std::unique_ptr<engine::Stream> stream_;
  std::unique_ptr<TlsSession> tls_;
  std::string out_;  // plaintext not yet sent
  engine::Task<engine::IoResult<std::string_view>> receive_tls(engine::Until until);
  void slim();
  engine::Task<engine::IoResult<void>> send_tls(std::string_view octets, engine::Until until);
  engine::Task<engine::IoResult<void>> send_cipher(engine::Until until);
  engine::Task<engine::IoResult<void>> discard_arrived(engine::Until until);
  engine::Task<Result<void, StartTlsFailure>> shake_hands(TlsSession& session, engine::Until until);

  std::string cipher_;             // TLS records not yet sent
  std::string_view arrived_;       // TLS records not yet read, lent by the stream
  std::unique_ptr<char[]> plain_;  // decrypted, lent to the caller; none over a wait
  bool may_have_more_ = false;     // the session may hold decrypted octets
};

}  // namespace postrider::net
