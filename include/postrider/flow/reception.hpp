#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/units.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/stream.hpp>
#include <postrider/engine/sync.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::flow {

enum class ListenerTls : std::uint8_t { none, starttls, implicit };

// On one core.
struct ReceptionLimits {
  std::uint32_t sessions = 4000;
  std::uint32_t sessions_per_peer = 100;  // by address
  Rate connections_per_peer{.count = 3000, .per = std::chrono::minutes(1)};
  Duration proxy_timeout{std::chrono::seconds(5)};  // for a PROXY header to come
};

// One listener.
struct ReceptionListener {
  SocketAddress address;
  std::string unix_path;  // in place of the address; empty: none. Peers are as if named.
  std::uint32_t unix_mode = 0660;
  std::vector<IpNetwork> proxy_from;  // who begins with a PROXY header, and must
  std::vector<IpNetwork> named;       // may come as often as they like, while there is room at all
  bool only_named = false;            // nobody else is received
};

enum class TurnedAway : std::uint8_t { full, too_many_of_peer, too_often, stranger };

struct ReceptionCounters {
  std::uint64_t connections = 0;
  std::uint64_t turned_away = 0;
  std::uint64_t sessions = 0;        // now
  std::uint64_t proxy_failures = 0;  // no PROXY header where one had to be
};

[[nodiscard]] bool is_named(const std::vector<IpNetwork>& networks, const IpAddress& peer);

// Where the connections of a service come in: the listeners of one core, the proxies that may stand
// before them, and the bounds on who may talk at a time. Each conversation runs inside the gate.
// Shard: one instance a core; listeners of one address on several cores share it (SO_REUSEPORT).
class Reception {
 public:
  struct Service {
    // By the number that listen() was given.
    std::function<engine::Task<void>(std::unique_ptr<engine::Stream>, std::size_t)> converse;
    // What is said to who is turned away, before the connection closes; empty: nothing.
    std::function<std::string(TurnedAway, std::size_t)> refuse;
  };
  Reception(engine::Reactor& reactor, ReceptionLimits limits, Service service);
  Reception(const Reception&) = delete;
  Reception& operator=(const Reception&) = delete;
  // After stop() has ended.
  ~Reception();

  // Begins to accept. Out: the address with its real port. Errors: address_in_use, denied.
  [[nodiscard]] engine::IoResult<SocketAddress> listen(ReceptionListener listener,
                                                       std::size_t number);
  // Ends when all conversations have; those that still run when patience ends are broken off.
  [[nodiscard]] engine::Task<void> stop(MonoTime patience);

  // What conversations wait beside: closing() when we want to stop, killing() when they must.
  [[nodiscard]] engine::Gate& gate();
  [[nodiscard]] const ReceptionCounters& counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::flow
