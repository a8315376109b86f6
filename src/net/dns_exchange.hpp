#pragma once

#include <cstdint>
#include <string>

#include <postrider/base/ip_address.hpp>
#include <postrider/codec/dns/message.hpp>
#include <postrider/engine/reactor.hpp>
#include <postrider/engine/task.hpp>

namespace postrider::net {

enum class ExchangeFailure : std::uint8_t {
  silent,       // nothing came until the deadline: perhaps the server, perhaps the zone
  unreachable,  // nobody listens there, or no way to it
  unusable,     // an answer came that can't be used
  cancelled,    // by ourselves
};
struct ExchangeError {
  ExchangeFailure kind{};
  std::string reason;
};

struct ExchangeOptions {
  SocketAddress server;
  bool edns = true;
  bool dnssec_ok = false;           // DO
  bool checking_disabled = false;   // CD
  bool authenticated_data = false;  // AD
  Duration timeout{};               // of each of UDP and TCP
  engine::CancelToken cancel{};
};
struct ExchangeCounters {
  std::uint64_t queries = 0;
  std::uint64_t tcp = 0;
  std::uint64_t strays = 0;
};

// One question to one server: over UDP, and over TCP where UDP is cut short or under attack. Out:
// a whole response with any code. `counters` outlives the Task.
//
// Each UDP query has a socket of its own, connected to the server: the kernel draws its port at
// random and drops what others send, a late or forged answer dies with it, and no table joins
// answers to questions (RFC 5452 9.2). Its three system calls are nothing beside a round trip
// that the cache did not save. No 0x20 games: id and port are 30 bits, and forwarders that lose
// the case are many.
[[nodiscard]] engine::Task<Result<dns::Response, ExchangeError>> exchange(
    engine::Reactor& reactor, dns::Question question, ExchangeOptions options,
    ExchangeCounters& counters);

}  // namespace postrider::net
