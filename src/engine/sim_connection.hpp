#pragma once

#include "sim_world.hpp"
#include "wait.hpp"

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace postrider::engine {

class SimNetwork;

// Both ends of a simulated connection and what travels between them. shared_ptr: the two streams
// and each segment on its way keep it.
class SimConnection : public std::enable_shared_from_this<SimConnection> {
 public:
  struct End {
    Reactor* reactor = nullptr;
    SocketAddress address;
    bool is_unix = false;

    // What has arrived here and was not read.
    std::string arrived;
    std::size_t read = 0;
    bool end_arrived = false;
    bool broken = false;  // by a reset
    bool closed = false;  // the stream is gone
    SlotWait* reader = nullptr;

    // What leaves here.
    std::size_t unread_by_peer = 0;  // octets that fill the window
    bool end_sent = false;
    bool stalled = false;  // nothing that leaves here arrives any more
    MonoTime last_arrival{};
    SlotWait* writer = nullptr;

    [[nodiscard]] std::size_t available() const { return arrived.size() - read; }
  };

  SimConnection(SimWorld& world, SimNetwork& network, End first, End second);
  SimConnection(const SimConnection&) = delete;
  SimConnection& operator=(const SimConnection&) = delete;
  ~SimConnection();

  [[nodiscard]] End& end(int side) { return ends_[static_cast<std::size_t>(side)]; }

  Task<IoResult<void>> receive(int side, std::unique_ptr<char[]>& out, std::size_t& size,
                               Until until);
  Task<IoResult<void>> send(int side, std::string_view octets, Until until);
  void shutdown_send(int side);
  void abort(int side);
  void close(int side);

  // The network between the ends has changed: sends what was held up, or breaks.
  void on_host_change();
  [[nodiscard]] bool uses(const IpAddress& address) const;

  // As a socket buffer and a window would hold.
  static constexpr std::size_t window_octets = 64 * 1024;

 private:
  // Octets, or the end of them.
  struct Segment {
    std::string octets;
    bool is_end = false;
  };
  [[nodiscard]] End& peer_of(int side) { return end(1 - side); }
  [[nodiscard]] bool is_cut_off() const;
  void transmit(int from, Segment segment);
  void arrive(int from, Segment segment);
  void break_end(int side);
  void break_later(int side);
  static void wake(SlotWait* wait);

  SimWorld& world_;
  SimNetwork& network_;
  std::array<End, 2> ends_;
  std::array<std::deque<Segment>, 2> held_up_;
  std::uint64_t number_;
};

class SimStream final : public Stream {
 public:
  SimStream(std::shared_ptr<SimConnection> connection, int side)
      : connection_(std::move(connection)), side_(side) {}
  ~SimStream() override { connection_->close(side_); }

  Task<IoResult<std::string_view>> receive(Until until) override;
  Task<IoResult<void>> send(std::string_view octets, Until until) override;
  void shutdown_send() override { connection_->shutdown_send(side_); }
  void abort() override { connection_->abort(side_); }
  [[nodiscard]] bool is_readable() const override;
  [[nodiscard]] SocketAddress local() const override;
  [[nodiscard]] SocketAddress peer() const override;
  [[nodiscard]] std::optional<Credentials> peer_credentials() const override;

 private:
  std::shared_ptr<SimConnection> connection_;
  int side_;
  // A block of its own for each receive, so that a sanitizer sees a view that is used too long.
  std::unique_ptr<char[]> view_;
};

}  // namespace postrider::engine
