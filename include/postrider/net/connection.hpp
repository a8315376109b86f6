#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <postrider/engine/reactor.hpp>
#include <postrider/engine/stream.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::net {

class TlsContext;
class TlsSession;

enum class TlsRole : std::uint8_t { server, client };

struct StartTlsFailure {
  engine::IoError io = engine::IoError::other;  // other: the handshake itself failed, see text
  std::string text;                             // what went wrong, for people
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
  // destruction.
  engine::Task<engine::IoResult<std::string_view>> receive(engine::Until until);
  // Appends to the output; nothing is sent before flush().
  void write(std::string_view octets) { out_ += octets; }
  [[nodiscard]] std::string& out() { return out_; }
  engine::Task<engine::IoResult<void>> flush(engine::Until until);
  // Sends `octets` after what was written, without a copy for large bodies. In: valid until the
  // end.
  engine::Task<engine::IoResult<void>> send(std::string_view octets, engine::Until until);

  // What has arrived and was not received is discarded first (RFC 3207 4.2: nothing said before TLS
  // counts); the caller drops what it holds itself. The output must be flushed. `context` outlives
  // the Connection.
  engine::Task<Result<void, StartTlsFailure>> start_tls(const TlsContext& context, TlsRole role,
                                                        std::string peer_name, engine::Until until);
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
  std::string out_;     // plaintext not yet sent
  std::string cipher_;  // TLS records not yet sent
  std::string plain_;   // decrypted, lent to the caller
};

}  // namespace postrider::net
