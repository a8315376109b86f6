#pragma once

#include "ring_reactor.hpp"
#include "wait.hpp"

#include <memory>
#include <vector>

namespace postrider::engine {

// A connected socket as the reactor sees it. It outlives its Stream: released, it lets the peer
// read an orderly end, waits for what the kernel still holds, closes and deletes itself.
//
// Receiving is one multishot operation that stays armed while its stream reads. It fills buffers of
// the reactor's ring; those that nobody has asked for yet are held, and past a limit the operation
// is cancelled until they are read: so the kernel's window closes and the peer waits. When all
// buffers of the ring are taken, a connection that waits receives into one of its own: however many
// idle streams hold views, each can make progress.
class RingConnection final {
 public:
  RingConnection(RingReactor& reactor, int fd) : reactor_(reactor), fd_(fd) {}
  RingConnection(const RingConnection&) = delete;
  RingConnection& operator=(const RingConnection&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] RingReactor& reactor() { return reactor_; }
  [[nodiscard]] bool is_readable() const;
  Task<IoResult<std::string_view>> receive(Until until);
  Task<IoResult<void>> send(std::string_view head, std::string_view body, Until until);
  void shutdown_send();
  void abort();
  // The stream is gone.
  void release();

  static constexpr std::size_t held_limit = 16;       // arrivals that wait to be read
  static constexpr std::size_t held_limit_short = 2;  // while the reactor is short of buffers
  static constexpr std::size_t own_buffer_bytes = 8192;
  static constexpr Duration linger = std::chrono::seconds(2);
  static constexpr std::size_t linger_octets = 1024 * 1024;

 private:
  struct ReceiveOp final : RingOp {
    explicit ReceiveOp(RingConnection& owner) : connection(owner) {}
    void on_completion(const Completion& completion) override {
      connection.on_received(completion);
    }
    RingConnection& connection;
  };
  class LingerTimer final : public TimerWheel::Node {
   public:
    explicit LingerTimer(RingConnection& owner) : connection_(owner) {}

   private:
    void on_due() override {
      connection_.stop_lingering();
      connection_.close_if_done();  // may destroy this timer
    }
    RingConnection& connection_;
  };
  struct Arrival {
    std::optional<std::uint16_t> buffer;  // of the ring; none: own_buffer_
    std::size_t size = 0;
  };

  ~RingConnection() = default;
  void arm();
  void stop_receiving();
  void on_received(const Completion& completion);
  void note_failure(int error);
  void give_back(const Arrival& arrival);
  void stop_lingering();
  void close_if_done();

  RingReactor& reactor_;
  int fd_;
  ReceiveOp receive_op_{*this};
  bool armed_ = false;      // an operation is in the kernel
  bool multishot_ = false;  // and it is the multishot one
  bool stopping_ = false;   // and it has been asked to end
  bool short_of_buffers_ = false;
  bool aborted_ = false;
  bool end_sent_ = false;
  bool released_ = false;
  std::optional<IoError> ended_;
  std::vector<Arrival> held_;    // a few: an empty deque would take more than all of this
  std::optional<Arrival> view_;  // what the stream's owner looks at
  std::unique_ptr<char[]> own_buffer_;
  SlotWait* reader_ = nullptr;
  std::size_t thrown_away_ = 0;  // octets, while lingering
  std::unique_ptr<LingerTimer> linger_timer_;
};

// The stream that a room sees.
class RingStream final : public Stream {
 public:
  // Takes the descriptor.
  RingStream(RingReactor& reactor, int fd, SocketAddress peer)
      : connection_(new RingConnection(reactor, fd)), peer_(peer) {}
  ~RingStream() override { connection_->release(); }

  Task<IoResult<std::string_view>> receive(Until until) override {
    return connection_->receive(until);
  }
  Task<IoResult<void>> send(std::string_view octets, Until until) override {
    return connection_->send(octets, {}, until);
  }
  Task<IoResult<void>> send_both(std::string_view head, std::string_view body,
                                 Until until) override {
    return connection_->send(head, body, until);
  }
  void shutdown_send() override { connection_->shutdown_send(); }
  void abort() override { connection_->abort(); }
  [[nodiscard]] bool is_readable() const override { return connection_->is_readable(); }
  [[nodiscard]] SocketAddress local() const override;
  [[nodiscard]] SocketAddress peer() const override { return peer_; }
  [[nodiscard]] std::optional<Credentials> peer_credentials() const override;

 private:
  RingConnection* connection_;  // deletes itself after release()
  SocketAddress peer_;
};

}  // namespace postrider::engine
