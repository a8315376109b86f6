#pragma once

#include "sim_connection.hpp"
#include "sim_world.hpp"

#include <deque>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace postrider::engine {

class SimListener;
class SimDatagramSocket;

// Who listens where, which hosts are up, and the connections in between.
class SimNetwork {
 public:
  explicit SimNetwork(SimWorld& world) : world_(world) {}
  SimNetwork(const SimNetwork&) = delete;
  SimNetwork& operator=(const SimNetwork&) = delete;

  [[nodiscard]] SimWorld& world() { return world_; }
  [[nodiscard]] NetworkFaults& faults() { return faults_; }
  [[nodiscard]] Simulation::HostState host(const IpAddress& address) const;
  void set_host(const IpAddress& address, Simulation::HostState state);

  std::uint64_t add(SimConnection& connection) {
    connections_.emplace(++last_connection_, &connection);
    return last_connection_;
  }
  void remove(std::uint64_t connection) { connections_.erase(connection); }

  IoResult<std::unique_ptr<Listener>> listen(Reactor& reactor, const ListenOptions& options);
  IoResult<std::unique_ptr<Listener>> listen_unix(Reactor& reactor,
                                                  const UnixListenOptions& options);
  Task<IoResult<std::unique_ptr<Stream>>> connect(Reactor& reactor, ConnectOptions options,
                                                  Until until);
  Task<IoResult<std::unique_ptr<Stream>>> connect_unix(Reactor& reactor, std::string path,
                                                       Until until);
  IoResult<std::unique_ptr<DatagramSocket>> open_datagram(Reactor& reactor,
                                                          const DatagramOptions& options);

  void forget(SimListener& listener);
  void forget(SimDatagramSocket& socket);
  void carry(SimDatagramSocket& from, const SocketAddress& to, std::string octets);

 private:
  friend class SimListener;
  struct Attempt;
  [[nodiscard]] SimListener* find_listener(const SocketAddress& to);
  [[nodiscard]] SimDatagramSocket* find_datagram(const SocketAddress& to,
                                                 const SocketAddress& from);
  [[nodiscard]] std::uint16_t next_port();
  [[nodiscard]] static IpAddress source_for(const IpAddress& to);
  void on_syn(const std::shared_ptr<Attempt>& attempt);
  Task<IoResult<std::unique_ptr<Stream>>> await_attempt(std::shared_ptr<Attempt> attempt,
                                                        Until until);
  void deliver(const SocketAddress& from, const SocketAddress& to, std::string octets);

  SimWorld& world_;
  NetworkFaults faults_;
  std::map<IpAddress, Simulation::HostState> hosts_;
  std::map<SocketAddress, std::vector<SimListener*>> listeners_;
  std::map<std::string, std::vector<SimListener*>> unix_listeners_;
  std::map<SocketAddress, SimDatagramSocket*> datagrams_;
  // In the order they were made: a walk must not depend on addresses in memory.
  std::map<std::uint64_t, SimConnection*> connections_;
  std::uint64_t last_connection_ = 0;
  std::uint16_t last_port_ = 32767;
};

class SimListener final : public Listener {
 public:
  SimListener(SimNetwork& network, Reactor& reactor, SocketAddress address, std::string path,
              const ListenOptions& options)
      : network_(network),
        reactor_(reactor),
        address_(address),
        path_(std::move(path)),
        backlog_(static_cast<std::size_t>(options.backlog)),
        shares_port_(options.reuse_port) {}
  ~SimListener() override;
  Task<IoResult<std::unique_ptr<Stream>>> accept(Until until) override;
  [[nodiscard]] SocketAddress local() const override { return address_; }

  [[nodiscard]] Reactor& reactor() { return reactor_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool shares_port() const { return shares_port_; }
  [[nodiscard]] bool is_full() const { return queue_.size() >= backlog_; }
  void push(std::unique_ptr<Stream> stream);

 private:
  SimNetwork& network_;
  Reactor& reactor_;
  SocketAddress address_;
  std::string path_;
  std::size_t backlog_;
  bool shares_port_;
  std::deque<std::unique_ptr<Stream>> queue_;
  SlotWait* acceptor_ = nullptr;
};

class SimDatagramSocket final : public DatagramSocket {
 public:
  SimDatagramSocket(SimNetwork& network, Reactor& reactor, SocketAddress address,
                    std::optional<SocketAddress> peer)
      : network_(network), reactor_(reactor), address_(address), peer_(peer) {}
  ~SimDatagramSocket() override { network_.forget(*this); }
  Task<IoResult<Datagram>> receive(Until until) override;
  Task<IoResult<void>> send(SocketAddress to, std::string_view octets, Until until) override;
  [[nodiscard]] SocketAddress local() const override { return address_; }

  [[nodiscard]] Reactor& reactor() { return reactor_; }
  [[nodiscard]] const std::optional<SocketAddress>& peer() const { return peer_; }
  void push(const SocketAddress& from, std::string octets);
  void refuse();

  static constexpr std::size_t queue_limit = 256;         // datagrams; more are lost
  static constexpr std::size_t longest_datagram = 65507;  // octets, UDP over IPv4

 private:
  SimNetwork& network_;
  Reactor& reactor_;
  SocketAddress address_;
  std::optional<SocketAddress> peer_;
  std::deque<std::pair<SocketAddress, std::string>> queue_;
  std::unique_ptr<char[]> view_;
  bool refused_ = false;
  SlotWait* reader_ = nullptr;
};

}  // namespace postrider::engine
