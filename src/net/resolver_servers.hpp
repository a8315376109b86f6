#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <postrider/base/ip_address.hpp>
#include <postrider/base/time.hpp>

namespace postrider::net {

// What is known of the configured servers: which of them are silent, which choke on EDNS, and which
// are no help to who validates.
class ResolverServers {
 public:
  // A server that recurses for a slow zone is silent too: it takes several silences in a row, for
  // whatever names, to be taken for dead.
  static constexpr std::uint32_t silences_until_dead = 3;
  static constexpr Duration dead_time = std::chrono::seconds(30);
  static constexpr Duration without_edns_time = std::chrono::minutes(10);
  static constexpr Duration liar_time = std::chrono::minutes(10);

  explicit ResolverServers(std::vector<SocketAddress> addresses);

  [[nodiscard]] std::size_t count() const { return servers_.size(); }
  [[nodiscard]] const SocketAddress& address(std::size_t server) const {
    return servers_[server].address;
  }
  // As configured, but those that lie or strip last, and behind them the dead: they are still asked
  // when no other answers.
  [[nodiscard]] std::vector<std::size_t> in_order(MonoTime now) const;
  [[nodiscard]] bool takes_edns(std::size_t server, MonoTime now) const;

  void on_answer(std::size_t server);
  void on_silence(std::size_t server, MonoTime now);
  void on_unreachable(std::size_t server, MonoTime now);
  void on_edns_refused(std::size_t server, MonoTime now);
  // What was bogus from it was well from another.
  void on_lie(std::size_t server, MonoTime now);
  // Whether it hands DNSSEC records on.
  void on_stripping(std::size_t server, bool strips);

 private:
  struct Server {
    SocketAddress address;
    std::uint32_t silences = 0;
    MonoTime dead_until = MonoTime::min();
    MonoTime no_edns_until = MonoTime::min();
    MonoTime liar_until = MonoTime::min();
    bool strips = false;
  };
  std::vector<Server> servers_;
};

}  // namespace postrider::net
