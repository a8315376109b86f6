#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <postrider/base/ip_address.hpp>
#include <postrider/engine/cancel.hpp>
#include <postrider/engine/io_error.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::engine {

// A connected octet stream (TCP or a Unix socket). One coroutine owns it: at most one receive and
// one send are pending. It may be destroyed whenever none is; what the kernel still holds is
// drained by the reactor afterwards, and the peer sees an orderly end (abort() first makes it a
// reset). Shard: the core that made it.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  // Out: at least one octet, valid until the next receive() or destruction.
  // Errors: end_of_stream, reset, timed_out, cancelled, resource.
  virtual Task<IoResult<std::string_view>> receive(Until until) = 0;
  // Sends all of it. In: valid until the Task ends. timed_out means that some may have been sent.
  virtual Task<IoResult<void>> send(std::string_view octets, Until until) = 0;
  // The same of two pieces, one behind the other; in one operation where the stream knows how.
  virtual Task<IoResult<void>> send_both(std::string_view head, std::string_view body, Until until);
  // No more is sent; the peer reads end of stream.
  virtual void shutdown_send() = 0;
  virtual void abort() = 0;

  // True if a receive() would not wait: octets, the end or an error are there. What a pool asks of
  // an idle connection before it is used again.
  [[nodiscard]] virtual bool is_readable() const = 0;

  [[nodiscard]] virtual SocketAddress local() const = 0;
  [[nodiscard]] virtual SocketAddress peer() const = 0;

  struct Credentials {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::int32_t pid = 0;
  };
  // Unix sockets only.
  [[nodiscard]] virtual std::optional<Credentials> peer_credentials() const { return std::nullopt; }
};

// Accepts connections on one core. Several cores may listen on one address (SO_REUSEPORT).
class Listener {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  virtual ~Listener() = default;
  // Errors: cancelled, timed_out; resource has been waited out inside (re-armed after a pause).
  virtual Task<IoResult<std::unique_ptr<Stream>>> accept(Until until) = 0;
  // With the real port where 0 was asked for.
  [[nodiscard]] virtual SocketAddress local() const = 0;
};

// UDP.
class DatagramSocket {
 public:
  struct Datagram {
    SocketAddress peer;
    std::string_view octets;  // valid until the next receive()
  };
  DatagramSocket() = default;
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;
  virtual ~DatagramSocket() = default;
  virtual Task<IoResult<Datagram>> receive(Until until) = 0;
  virtual Task<IoResult<void>> send(SocketAddress to, std::string_view octets, Until until) = 0;
  [[nodiscard]] virtual SocketAddress local() const = 0;
};

struct ConnectOptions {
  SocketAddress to;
  std::optional<IpAddress> source;  // bind before connect
};

struct ListenOptions {
  SocketAddress address;
  bool reuse_port = true;  // one listener a core on the same port
  int backlog = 1024;
};

struct UnixListenOptions {
  std::string path;  // replaced if nobody answers there
  std::uint32_t mode = 0600;
  // Beside a listener of this reactor on the same path, both take from one queue of connections;
  // the path goes with the last. For a reload, which opens the new before it closes the old.
  bool shared = false;
};

struct DatagramOptions {
  SocketAddress bind;                 // port 0: a random one by the kernel
  std::optional<SocketAddress> peer;  // connected: datagrams of others are dropped by the kernel
};

}  // namespace postrider::engine
